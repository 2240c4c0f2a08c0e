import type { LogLine } from '@shoal/common';
import { accessText } from '@shoal/common/access-text';
import { absoluteTime, clockTime } from '../lib/time.js';

/** How a line is marked: by its level, else by its HTTP status. */
export function severity(line: LogLine): 'bad' | 'warn' | undefined {
  const level = (line.fields['level'] ?? '').toLowerCase();
  if (/^(emerg|alert|crit|fatal|err)/.test(level)) return 'bad';
  if (level.startsWith('warn')) return 'warn';
  const status = Number(line.fields['status']);
  if (status >= 500) return 'bad';
  return status >= 400 ? 'warn' : undefined;
}

/** One line as an element. Made by hand, not by components: hundreds a second come by. */
export function logRow(line: LogLine, withNode: boolean): HTMLElement {
  const row = document.createElement('div');
  const mark = severity(line);
  row.className = mark === undefined ? 'log-row' : `log-row log-${mark}`;
  const time = document.createElement('time');
  time.dateTime = new Date(line.at).toISOString();
  time.title = absoluteTime(line.at);
  time.textContent = clockTime(line.at);
  const origin = document.createElement('span');
  origin.className = 'log-origin';
  const service = line.service === '' ? line.source : `${line.service}/${line.source}`;
  origin.textContent = withNode ? `${line.node} ${service}` : service;
  row.append(time, origin, ...texts(line));
  return row;
}

/** The line itself, and where there is one its short form; the list shows one of the two. */
function texts(line: LogLine): HTMLElement[] {
  const short = accessText(line);
  const span = (name: string, text: string) => {
    const element = document.createElement('span');
    element.className = name;
    element.textContent = text;
    return element;
  };
  if (short === undefined) return [span('log-text', line.line)];
  return [span('log-text log-short', short), span('log-text log-raw', line.line)];
}

/** A note between the lines. */
export function noteRow(text: string): HTMLElement {
  const row = document.createElement('div');
  row.className = 'log-row log-note';
  row.textContent = text;
  return row;
}
