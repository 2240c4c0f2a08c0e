import type { Blueprint, BlueprintDetail, Step } from '@shoal/common';
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../api/operations.js';
import { ParameterTable } from '../blueprints/parameter-table.js';
import { RemoveBlueprint } from '../blueprints/remove-blueprint.js';
import { useQuery } from '../lib/use-query.js';
import type { PageProps } from '../shell.js';
import { may } from '../state/roles.js';
import { ErrorNotice } from '../ui/notice.js';
import { Loading, Page, Section } from '../ui/page.js';
import { Scrollable } from '../ui/scrollable.js';
import { Badge, newestBlueprint } from '../ui/status.js';
import { Hash, Time } from '../ui/text.js';

/** One version of a blueprint: where it came from, its parameters, steps and files. */
export function BlueprintPage({ user, params }: PageProps): JSX.Element {
  const name = params['name'] ?? '';
  const { data, error } = useQuery((signal) => call('blueprint.get', { name }, signal), [name]);
  const [removing, setRemoving] = useState(false);
  if (data === undefined) {
    return (
      <Page title={name}>
        {error === undefined ? <Loading what="the blueprint" /> : <ErrorNotice error={error} />}
      </Page>
    );
  }
  const { blueprint } = data;
  const mayRemove = may(user.role, 'admin') && data.source === 'uploaded' && data.usedBy.length === 0;
  return (
    <Page
      title={`${data.name}@${data.version}`}
      heading={
        <>
          {data.name} <span class="muted">{data.version}</span>
          {data.newest && <Badge shown={newestBlueprint} />}
        </>
      }
      {...(mayRemove
        ? {
            actions: (
              <button type="button" class="button danger" onClick={() => setRemoving(true)}>
                Remove …
              </button>
            ),
          }
        : {})}
    >
      <About detail={data} />
      <section aria-labelledby="parameters">
        <h2 id="parameters" class="table-title">
          Parameters
        </h2>
        <ParameterTable parameters={blueprint.parameters} />
      </section>
      <div class="columns">
        <Section title="Steps">
          <StepList blueprint={blueprint} />
        </Section>
        <Section title="How it is run">
          <Running blueprint={blueprint} />
        </Section>
      </div>
      <Templates blueprint={blueprint} />
      {removing && (
        <RemoveBlueprint name={`${data.name}@${data.version}`} onClose={() => setRemoving(false)} />
      )}
    </Page>
  );
}

function About({ detail }: { detail: BlueprintDetail }): JSX.Element {
  const { blueprint, source, place, uploaded, usedBy, note, hash } = detail;
  return (
    <div class="about">
      <p>{blueprint.description}</p>
      <p class="muted">
        {source}
        {place !== '' && (
          <>
            : <code>{place}</code>
          </>
        )}
        {uploaded !== null && (
          <>
            {' '}
            by {uploaded.by}, <Time at={uploaded.at} />
          </>
        )}
        ; content <Hash hash={hash} />;{' '}
        {usedBy.length === 0 ? 'no service uses it' : `used by ${usedBy.join(', ')}`}
      </p>
      {note !== '' && <p>{note}</p>}
    </div>
  );
}

/** What a step is about: its path, unit, package, command. */
function placeOf(step: Step): string | undefined {
  if ('path' in step) return step.path;
  if ('unit' in step) return step.unit;
  if ('name' in step) return step.name;
  if ('url' in step) return step.url;
  return 'command' in step ? step.command?.join(' ') : undefined;
}

/** In their order: id, type, what they are about. */
function StepList({ blueprint }: { blueprint: Blueprint }): JSX.Element {
  return (
    <ol class="blueprint-steps">
      {blueprint.steps.map((step) => {
        const place = placeOf(step);
        return (
          <li key={step.id}>
            <code class="step-name">{step.id}</code> <span class="muted">{step.type}</span>
            {place !== undefined && <code class="step-place">{place}</code>}
            {step.when !== undefined && (
              <span class="hint">
                when <code>{step.when}</code>
              </span>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function Running({ blueprint }: { blueprint: Blueprint }): JSX.Element {
  const { process, health, drain, logs = [], metrics = [] } = blueprint;
  const facts: readonly (readonly [string, ComponentChildren])[] = [
    ['unit', process.unit === undefined ? '–' : <code>{process.unit}</code>],
    ['reload', process.reloadSignal ?? 'none: a change restarts it'],
    ['health', health === undefined ? 'not checked' : <code>{health.url}</code>],
    [
      'drained',
      drain === undefined ? 'no' : drain.on === 'change' ? 'before any change' : 'before a restart',
    ],
    ['logs', logs.length === 0 ? '–' : [...new Set(logs.map(({ source }) => source))].join(', ')],
    ['traffic counted', logs.some(({ traffic }) => traffic !== undefined) ? 'yes' : 'no'],
    ['metrics', metrics.length === 0 ? '–' : metrics.map(({ type }) => type).join(', ')],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Templates({ blueprint }: { blueprint: Blueprint }): JSX.Element | null {
  const files = blueprint.steps.flatMap((step) =>
    'template' in step && typeof step.template === 'object' ? [step.template] : [],
  );
  if (files.length === 0) return null;
  return (
    <Section title="Templates">
      {files.map(({ name, text }) => (
        <details key={name}>
          <summary>
            <code>{name}</code>
          </summary>
          <Scrollable class="snippet tall" label={`Template ${name}`}>
            {text}
          </Scrollable>
        </details>
      ))}
    </Section>
  );
}
