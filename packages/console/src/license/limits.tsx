import type { LicenseView, LimitUseView } from '@shoal/common';
import type { JSX } from 'preact';
import { formatNumber } from '../lib/format.js';
import { featureWords, serviceLimitName, useTone, useWords } from '../lib/license-words.js';

/** What the license allows, and how much of it is used. */
export function Limits({ limits }: { limits: LicenseView['limits'] }): JSX.Element {
  const service = Object.entries(limits.service);
  return (
    <div class="limits">
      <Use name="Sites" use={limits.sites} over="nodes at no other site can join" />
      <Use name="Nodes" use={limits.nodes} over="no other node can join" />
      <dl class="facts">
        <div>
          <dt>features</dt>
          <dd>{featureWords(limits.features)}</dd>
        </div>
        {service.length === 0 && (
          <div>
            <dt>services</dt>
            <dd>no limit</dd>
          </div>
        )}
        {service.map(([name, limit]) => (
          <div key={name}>
            <dt>{serviceLimitName(name)}</dt>
            <dd>{formatNumber(limit)}, per node and service</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Use({ name, use, over }: { name: string; use: LimitUseView; over: string }): JSX.Element {
  const { used, limit } = use;
  const tone = useTone(use);
  return (
    <div class={`limit tone-${tone}`}>
      <div class="limit-head">
        <span>{name}</span>
        <strong>{useWords(use)}</strong>
      </div>
      {limit !== null && (
        <>
          <meter
            class="visually-hidden"
            min={0}
            max={limit}
            value={used}
            aria-label={name}
            aria-valuetext={useWords(use)}
          />
          <div class="use-bar" aria-hidden="true">
            <span style={{ width: `${limit === 0 ? 100 : Math.min(100, (used / limit) * 100)}%` }} />
          </div>
        </>
      )}
      {tone !== 'good' && (
        <p class="hint">
          {tone === 'bad' ? `More than it allows: they go on, ${over}.` : `All of it is used: ${over}.`}
        </p>
      )}
    </div>
  );
}
