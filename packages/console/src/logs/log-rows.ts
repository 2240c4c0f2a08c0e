import type { LogLine } from '@shoal/common';
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
  const text = document.createElement('span');
  text.className = 'log-text';
  text.textContent = line.line;
  row.append(time, origin, text);
  return row;
}

/** A note between the lines. */
export function noteRow(text: string): HTMLElement {
  const row = document.createElement('div');
  row.className = 'log-row log-note';
  row.textContent = text;
  return row;
}
