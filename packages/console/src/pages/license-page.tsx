import type { LicenseProblemView, LicenseView } from '@shoal/common';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { count, sentence } from '../lib/format.js';
import { dayOf } from '../lib/license-words.js';
import { duration } from '../lib/time.js';
import { InstallLicense } from '../license/install-license.js';
import { LeaseCounts, LicenseBadge } from '../license/license-badge.js';
import { LicenseProblems } from '../license/license-problems.js';
import { Limits } from '../license/limits.js';
import { RemoveLicense } from '../license/remove-license.js';
import type { PageProps } from '../shell.js';
import { cluster, takeLicense } from '../state/cluster.js';
import { may } from '../state/roles.js';
import { useStore } from '../state/store.js';
import { Link } from '../ui/link.js';
import { Message } from '../ui/message.js';
import { Notice } from '../ui/notice.js';
import { Loading, Page, Section } from '../ui/page.js';
import { Time } from '../ui/text.js';

type Asked = { readonly kind: 'install' } | { readonly kind: 'remove'; readonly id: string };

/** The cluster's license, live: what it allows, what is used of it, until when, and what to do about it. */
export function LicensePage({ user }: PageProps): JSX.Element {
  const license = useStore(cluster, (state) => state.status?.license);
  const [asked, setAsked] = useState<Asked>();
  const mayChange = may(user.role, 'admin');
  if (license === undefined) {
    return (
      <Page title="License">
        <Loading what="the license" />
      </Page>
    );
  }
  const close = (after?: LicenseView) => {
    setAsked(undefined);
    if (after !== undefined) takeLicense(after);
  };
  const { licenseId } = license;
  const actions = (
    <>
      <button type="button" class="button primary" onClick={() => setAsked({ kind: 'install' })}>
        Install a license …
      </button>
      {licenseId !== null && (
        <button type="button" class="button" onClick={() => setAsked({ kind: 'remove', id: licenseId })}>
          Remove …
        </button>
      )}
    </>
  );
  return (
    <Page
      title="License"
      heading={
        <>
          License <LicenseBadge status={license.status} />
        </>
      }
      {...(mayChange ? { actions } : {})}
    >
      {license.warnings.length > 0 && <LicenseWarnings license={license} />}
      <div class="columns">
        <Section title="What counts">
          <About license={license} />
        </Section>
        <Section title="Use of the limits">
          <Limits limits={license.limits} />
        </Section>
      </div>
      <Leases />
      <LicenseProblems
        problems={license.problems.filter((problem) => !isTold(problem, license))}
        {...(mayChange ? { onRemove: (id: string) => setAsked({ kind: 'remove', id }) } : {})}
      />
      {asked?.kind === 'install' && <InstallLicense license={license} onClose={close} />}
      {asked?.kind === 'remove' && <RemoveLicense license={license} id={asked.id} onClose={close} />}
    </Page>
  );
}

/** The license that was the last to count is told at the top: that it is over isn't told twice. */
function isTold({ reason, licenseId }: LicenseProblemView, license: LicenseView): boolean {
  return reason === 'expired' && licenseId === license.licenseId;
}

/** What somebody should do something about. */
function LicenseWarnings({ license: { warnings } }: { license: LicenseView }): JSX.Element {
  const tone = warnings.some(({ severity }) => severity === 'critical') ? 'bad' : 'warn';
  const [first = '', ...more] = warnings.map(({ message }) => sentence(message));
  if (more.length === 0) return <Notice tone={tone} title={<Message text={first} />} />;
  return (
    <Notice tone={tone} title={count(warnings.length, 'warning')}>
      <ul class="problems">
        {[first, ...more].map((warning) => (
          <li key={warning}>
            <Message text={warning} />
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function About({ license }: { license: LicenseView }): JSX.Element {
  const { tier, status, licenseId, customer, vendor, expiresAt, graceEndsAt, leaseMs } = license;
  return (
    <>
      <p class="license-tier">{tier}</p>
      {licenseId === null && (
        <p class="muted">No license is installed: the free tier counts. It needs none, and has no end.</p>
      )}
      <dl class="facts">
        {licenseId !== null && (
          <>
            <Fact name={status === 'expired' ? 'last license' : 'license'} value={<code>{licenseId}</code>} />
            <Fact name="customer" value={customer ?? '–'} />
            <Fact name="vendor" value={vendor ?? '–'} />
            <Fact name="end" value={<DatedTime at={expiresAt} />} />
            <Fact name="end of its grace" value={<DatedTime at={graceEndsAt} />} />
          </>
        )}
        <Fact name="leases last" value={duration(leaseMs)} />
      </dl>
    </>
  );
}

function Fact({ name, value }: { name: string; value: JSX.Element | string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** A moment with its day. */
function DatedTime({ at }: { at: number | null }): JSX.Element {
  return (
    <>
      <Time at={at} />
      {at !== null && <span class="muted"> ({dayOf(at)})</span>}
    </>
  );
}

/** How the nodes' leases stand. */
function Leases(): JSX.Element | null {
  const nodes = useStore(cluster, (state) => state.nodes);
  if (nodes.size === 0) return null;
  return (
    <Section title="Leases of the nodes" aside={<Link to="/nodes">Each node’s</Link>}>
      <LeaseCounts nodes={[...nodes.values()]} />
    </Section>
  );
}
