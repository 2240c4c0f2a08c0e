import type { ArchiveStep, DownloadStep } from '@shoal/common';
import { defaultArchiveBytes, defaultArchiveEntries, defaultDownloadBytes, ShoalError } from '@shoal/common';
import type { RenderedArchive, RenderedDownload } from './rendered.js';
import type { Renderer } from './renderer.js';
import { absolutePath, checksum, common, httpUrl, ownership, parseMode, relativePath } from './values.js';

/** Renders a download step, and makes the file known to the templates and archive steps after it. */
export async function renderDownload(step: DownloadStep, renderer: Renderer): Promise<RenderedDownload> {
  const path = absolutePath(await renderer.text(step.path, `${step.id}.path`));
  const sha256 = checksum(await renderer.text(step.sha256, `${step.id}.sha256`));
  renderer.defineDownload(step.id, path, sha256);
  return {
    type: 'download',
    ...common(step),
    url: httpUrl(await renderer.text(step.url, `${step.id}.url`)),
    sha256,
    path,
    mode: parseMode(step.mode ?? '0644'),
    ...ownership(step),
    maxBytes: step.maxBytes ?? defaultDownloadBytes,
    notify: step.notify ?? null,
  };
}

/** Renders an archive step. */
export async function renderArchive(step: ArchiveStep, renderer: Renderer): Promise<RenderedArchive> {
  const { id, creates, strip = 0 } = step;
  const source = absolutePath(await renderer.text(step.source, `${id}.source`));
  const format = formatOf(source);
  if (format === 'zip' && strip > 0) throw new ShoalError('invalid_input', "a zip archive can't be stripped");
  return {
    type: 'archive',
    ...common(step),
    source,
    format,
    sha256: renderer.checksumOf(source),
    path: absolutePath(await renderer.text(step.path, `${id}.path`)),
    strip,
    ...(creates === undefined
      ? {}
      : { creates: relativePath(await renderer.text(creates, `${id}.creates`)) }),
    ...ownership(step),
    maxBytes: step.maxBytes ?? defaultArchiveBytes,
    maxEntries: step.maxEntries ?? defaultArchiveEntries,
    notify: step.notify ?? null,
  };
}

function formatOf(source: string): RenderedArchive['format'] {
  if (/\.(tar|tar\.gz|tgz)$/.test(source)) return 'tar';
  if (source.endsWith('.zip')) return 'zip';
  const found = JSON.stringify(source);
  throw new ShoalError(
    'invalid_input',
    `expected an archive named .tar, .tar.gz, .tgz or .zip, found ${found}`,
  );
}
