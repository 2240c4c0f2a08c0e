import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';

/** An answer that is awaited, there, or refused. What was there stays while it is asked again. */
export interface Query<T> {
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  readonly loading: boolean;
  /** Asks again. */
  readonly reload: () => void;
}

/** Asks when the component appears and whenever one of `dependencies` changes; an older answer never replaces a newer one. */
export function useQuery<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  dependencies: readonly unknown[],
): Query<T> {
  const [state, setState] = useState<{ data?: T; error?: ApiError; loading: boolean }>({ loading: true });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setState(({ data }) => ({ ...(data === undefined ? {} : { data }), loading: true }));
    ask(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setState({ data, loading: false });
      },
      (thrown) => {
        if (!abort.signal.aborted) setState({ error: ApiError.from(thrown), loading: false });
      },
    );
    return () => abort.abort();
  }, [...dependencies, round]);
  const reload = useCallback(() => setRound((value) => value + 1), []);
  return { data: state.data, error: state.error, loading: state.loading, reload };
}
