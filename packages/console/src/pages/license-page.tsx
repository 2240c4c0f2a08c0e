import type { LicenseProblemView, LicenseView } from '@shoal/common';
import type { JSX } from 'preact';
import { AboutLicense } from '../license/about-license.js';
import { InstallLicense } from '../license/install-license.js';
import { LeaseCounts, LicenseBadge } from '../license/license-badge.js';
import { LicenseProblems } from '../license/license-problems.js';
import { LicenseWarnings } from '../license/license-warnings.js';
import { Limits } from '../license/limits.js';
import { NextLicenses } from '../license/next-licenses.js';
import { RemoveLicense } from '../license/remove-license.js';
import type { PageProps } from '../shell.js';
import { cluster, takeLicense } from '../state/cluster.js';
import { may } from '../state/roles.js';
import { location, navigate } from '../state/router.js';
import { useStore } from '../state/store.js';
import { Link } from '../ui/link.js';
import { Loading, Page, Section } from '../ui/page.js';

/** Asks to install a license, or to remove this one: by the address, so that what the controller says can lead there. */
const askToInstall = () => navigate('/license?install');
const askToRemove = (id: string) => navigate(`/license?remove=${encodeURIComponent(id)}`);

/** The cluster's license, live: what it allows, what is used of it, until when, and what to do about it. */
export function LicensePage({ user }: PageProps): JSX.Element {
  const license = useStore(cluster, (state) => state.status?.license);
  const { query } = useStore(location);
  const mayChange = may(user.role, 'admin');
  if (license === undefined) {
    return (
      <Page title="License">
        <Loading what="the license" />
      </Page>
    );
  }
  const close = (after?: LicenseView) => {
    navigate('/license', { replace: true });
    if (after !== undefined) takeLicense(after);
  };
  const { licenseId } = license;
  const removed = query.get('remove');
  const removing = mayChange ? { onRemove: askToRemove } : {};
  const problems = (
    <LicenseProblems
      problems={license.problems.filter((problem) => !isTold(problem, license))}
      {...removing}
    />
  );
  const actions = (
    <>
      <button type="button" class="button primary" onClick={askToInstall}>
        Install a license …
      </button>
      {licenseId !== null && (
        <button type="button" class="button" onClick={() => askToRemove(licenseId)}>
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
      <LicenseWarnings license={license} />
      {license.status === 'refused' && problems}
      <div class="columns">
        <Section title="What counts">
          <AboutLicense license={license} />
        </Section>
        <Section title="Use of the limits">
          <Limits limits={license.limits} />
        </Section>
      </div>
      <NextLicenses next={license.next} {...removing} />
      <Leases />
      {license.status !== 'refused' && problems}
      {mayChange && query.has('install') && <InstallLicense license={license} onClose={close} />}
      {mayChange && removed !== null && (
        <RemoveLicense key={removed} license={license} id={removed} onClose={close} />
      )}
    </Page>
  );
}

/** The license that was the last to count is told at the top: that it is over isn't told twice. */
function isTold({ reason, licenseId }: LicenseProblemView, license: LicenseView): boolean {
  return reason === 'expired' && licenseId === license.licenseId;
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
