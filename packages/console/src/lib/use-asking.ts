import { useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';

/** Something that is asked of the controller from a dialog: whether it is under way, and what was refused. */
export interface Asking {
  readonly busy: boolean;
  readonly error: ApiError | undefined;
  /** Runs `work`; what it throws is the error, until the next run. */
  readonly run: (work: () => Promise<void>) => Promise<void>;
}

/** Asks one thing at a time. */
export function useAsking(): Asking {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (thrown) {
      setError(ApiError.from(thrown));
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, run };
}
