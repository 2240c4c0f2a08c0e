import { noteSecretChanges } from './secret-changes.js';

/** A secret's value by its name. */
export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** Takes secrets' values out of texts. */
export interface Redactor {
  /** The text with each value, in any form that is known, replaced by `[secret NAME]`; a line of a diff in which only that changed says so. */
  readonly text: (text: string) => string;
  /** Whether the text holds a value. */
  readonly finds: (text: string) => boolean;
  /**
   * How much of a text, of which what follows was cut off, may be told: all but an end that may be the beginning of a value. Of half a
   * value nobody knows what it is.
   */
  readonly whole: (text: string) => number;
}

/** Shorter lines of a value of several lines are told by nobody, and would tear other texts. */
const shortestLine = 4;

/** Leaves every text as it is. */
export const noRedactor: Redactor = {
  text: (text) => text,
  finds: () => false,
  whole: (text) => text.length,
};

/**
 * A redactor for these values: as they are, each of their lines, as they stand in JSON, percent-encoded, and as base64 (both
 * alphabets). A value that something else was made of, such as the base64 of `user:value`, isn't known.
 */
export function createRedactor(secrets: Iterable<NamedValue>): Redactor {
  const named = new Map<string, string>();
  for (const { name, value } of secrets) {
    for (const form of formsOf(value)) if (!named.has(form)) named.set(form, name);
  }
  if (named.size === 0) return noRedactor;
  // The longest first: a value is replaced whole, not by the name of another that is part of it.
  const forms = [...named].sort(([a], [b]) => b.length - a.length);
  const finds = (text: string) => forms.some(([form]) => text.includes(form));
  const text = (given: string) => {
    let redacted = given;
    for (const [form, name] of forms) {
      if (redacted.includes(form)) redacted = redacted.replaceAll(form, () => `[secret ${name}]`);
    }
    return redacted === given ? given : noteSecretChanges(redacted);
  };
  const whole = (text: string) =>
    forms.reduce((least, [form]) => Math.min(least, text.length - overlap(text, form)), text.length);
  return { text, finds, whole };
}

/** How many characters at the end of the text are the beginning of the form, and not all of it. */
function overlap(text: string, form: string): number {
  const first = form.slice(0, 1);
  const from = Math.max(0, text.length - form.length + 1);
  for (let at = text.indexOf(first, from); at >= 0; at = text.indexOf(first, at + 1)) {
    if (form.startsWith(text.slice(at))) return text.length - at;
  }
  return 0;
}

/** The value with every text in it redacted; members' names stay. */
export function redactTexts<T>(value: T, redactor: Redactor): T {
  if (redactor === noRedactor) return value;
  if (typeof value === 'string') return redactor.text(value) as T;
  if (Array.isArray(value)) return value.map((item) => redactTexts(item, redactor)) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const members = Object.entries(value).map(([key, member]) => [key, redactTexts(member, redactor)]);
  return Object.fromEntries(members) as T;
}

function formsOf(value: string): Set<string> {
  const trimmed = value.trim();
  const lines = trimmed.split(/\r?\n/).map((line) => line.trim());
  const plain = [value, trimmed, ...lines.filter((line) => line.length >= shortestLine)];
  const forms = new Set<string>(plain);
  for (const text of plain) {
    forms.add(JSON.stringify(text).slice(1, -1));
    forms.add(encodeURIComponent(text));
  }
  for (const text of [value, trimmed]) {
    const bytes = Buffer.from(text, 'utf8');
    // Without padding: what comes after it is left.
    forms.add(bytes.toString('base64').replace(/=+$/, ''));
    forms.add(bytes.toString('base64url'));
  }
  return forms;
}
