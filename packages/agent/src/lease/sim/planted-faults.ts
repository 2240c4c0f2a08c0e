import {
  type ClockEvent,
  type ClockReading,
  createTrustedClock,
  type TrustedClock,
  type TrustedClockState,
} from '@shoal/common';
import { openBook } from '../lease-book.js';
import type { OpenBook, SimBook } from './sim-agent.js';

/** An agent that is wrong about its lease or the time in one way, and what is to be said of that. */
export interface PlantedFault {
  readonly fault: string;
  readonly open: OpenBook;
  readonly verdict: RegExp;
}

/** What histories have to find. */
export const plantedFaults: readonly PlantedFault[] = [
  {
    fault: 'a start forgets the lease',
    open: (kept, reading) => openBook(kept === undefined ? kept : { ...kept, held: null }, reading),
    verdict: /the lease was lost$/,
  },
  {
    fault: 'a term is longer by a tenth',
    open: withTerm((termMs) => 1.1 * termMs),
    verdict:
      /(active|warning|expired) after .* ms of the host being on|the clock said for .* that the lease is over/,
  },
  {
    fault: 'a term is shorter by a hundredth',
    open: withTerm((termMs) => 0.99 * termMs),
    verdict: /degraded after .* ms of the host being on/,
  },
  {
    fault: 'a lease that ended is not asked for',
    open: (kept, reading) => {
      const { book, news } = openBook(kept, reading);
      const tick: SimBook['tick'] = (reading) => book.tick(reading).filter(({ kind }) => kind !== 'renew');
      return { book: changed(book, { tick }), news };
    },
    verdict: /degraded after .* ms of contact/,
  },
  {
    fault: 'serials of another cluster count',
    open: (kept, reading) => {
      const { book, news } = openBook(kept, reading);
      const take: SimBook['take'] = (lease, reading) => book.take({ ...lease, clusterId: 'a' }, reading);
      return { book: changed(book, { take }), news };
    },
    verdict: /is no newer than lease/,
  },
  {
    fault: 'who leaves the cluster keeps its lease',
    open: (kept, reading) => {
      const { book, news } = openBook(kept, reading);
      return { book: changed(book, { forget: () => [] }), news };
    },
    verdict: /active without a lease/,
  },
  {
    fault: 'the time is what the wall clock says',
    open: withTick((clock, reading) => {
      clock.restart(0, reading);
      clock.attest(reading.wall);
      return [];
    }),
    verdict: /the trusted time (lost|gained) .* ms/,
  },
  {
    fault: 'time stands still while no agent runs',
    open: withKept((clock, { bootId, bootTime }) => ({ ...clock, bootId, bootTime })),
    verdict: /the trusted time lost .* ms/,
  },
  {
    fault: 'time of a boot begins with the agent',
    open: withKept((clock) => ({ ...clock, hostId: undefined })),
    verdict: /the trusted time lost .* ms/,
  },
  {
    fault: 'a clock that leapt ahead is never followed',
    open: withTick((clock, reading, tick) => tick({ ...reading, wall: Math.min(reading.wall, clock.now) })),
    verdict: /although the clock said for .* ms that the lease is over/,
  },
  {
    fault: 'a clock that leapt ahead is followed at once',
    open: withTick((clock, reading, tick) => {
      const events = tick(reading);
      const byMs = reading.wall - clock.now;
      if (byMs <= 0) return events;
      clock.attest(reading.wall);
      return [{ kind: 'adopted', byMs }];
    }),
    verdict: /the trusted time gained .* throughout the hold$/,
  },
  {
    fault: 'a clock that leapt ahead is followed without a word',
    open: withTick((_, reading, tick) => tick(reading).filter(({ kind }) => kind !== 'adopted')),
    verdict: /the trusted time gained .* without a word$/,
  },
  {
    fault: 'any clock that is followed ends the lease',
    open: withTick((clock, reading, tick, termMs) => {
      const events = tick(reading);
      if (events.some(({ kind }) => kind === 'adopted')) clock.attest(clock.now + 2 * termMs);
      return events;
    }),
    verdict: /the trusted time gained .* throughout the hold$/,
  },
];

/** The book, with something done otherwise. */
function changed(book: SimBook, otherwise: Partial<Pick<SimBook, 'tick' | 'take' | 'forget'>>): SimBook {
  return {
    get machine() {
      return book.machine;
    },
    get now() {
      return book.now;
    },
    get entries() {
      return book.entries;
    },
    tick: (reading) => book.tick(reading),
    take: (lease, reading) => book.take(lease, reading),
    forget: () => book.forget(),
    ...otherwise,
  };
}

/** An agent that finds another state of its clock than it kept. */
function withKept(other: (clock: TrustedClockState, reading: ClockReading) => TrustedClockState): OpenBook {
  return (kept, reading) =>
    openBook(kept === undefined ? kept : { ...kept, clock: other(kept.clock, reading) }, reading);
}

type Tick = (reading: ClockReading) => readonly ClockEvent[];

/** An agent whose clock takes readings like this. */
function withTick(
  faulty: (clock: TrustedClock, reading: ClockReading, tick: Tick, termMs: number) => readonly ClockEvent[],
): OpenBook {
  return (kept, reading) => {
    const clock = createTrustedClock(kept?.clock, reading);
    const right = clock.tick.bind(clock);
    clock.tick = (reading, termMs) => faulty(clock, reading, (reading) => right(reading, termMs), termMs);
    return openBook(kept, reading, clock);
  };
}

/** An agent that counts terms of that length. */
function withTerm(length: (termMs: number) => number): OpenBook {
  return (kept, reading) => {
    const { book, news } = openBook(kept, reading);
    const take: SimBook['take'] = (lease, reading) => {
      const { issuedAt, expiresAt } = lease;
      return book.take({ ...lease, expiresAt: issuedAt + length(expiresAt - issuedAt) }, reading);
    };
    return { book: changed(book, { take }), news };
  };
}
