import { evaluateCondition, renderTemplate, ShoalError } from '@shoal/common';
import { digestOf, type TemplateContext } from './context.js';
import type { DigestOf } from './file-digest.js';
import type { StagedPaths } from './rendered.js';

interface KnownFile {
  readonly path: string;
  readonly digest: string;
}

/** Most characters that the texts of one service may have together. */
const mostCharacters = 16 * 1024 * 1024;
/** Longest time that rendering all of one service may take, in milliseconds: meanwhile the agent does nothing else. */
const mostMs = 10_000;

/** Renders the templates of one service, within limits for all of them together. It learns on the way: variables, then each file's path and digest. */
export class Renderer {
  readonly #context: TemplateContext;
  readonly #variables: Record<string, string> = {};
  readonly #files: Record<string, KnownFile> = {};
  /** Path to SHA-256, of files that download steps bring. */
  readonly #checksums = new Map<string, string>();

  #characters = 0;
  #elapsedMs = 0;

  constructor(context: TemplateContext) {
    this.#context = context;
  }

  /** Makes digests of what the service's templates render to. */
  get digestOf(): DigestOf {
    return this.#context[digestOf];
  }

  /** Adds a variable. One with the name of something that templates have anyway is an error. */
  define(name: string, value: string): void {
    if (name in this.#context || name === 'files' || name === 'staged' || name === 'digest') {
      throw new ShoalError('invalid_input', `the variable "${name}" has the name of something built in`);
    }
    this.#variables[name] = value;
  }

  /** Makes a file known to the templates after it, as `files.<step id>`. */
  defineFile(id: string, file: KnownFile): void {
    this.#files[id] = file;
  }

  /** Like `defineFile`, for a file whose whole checksum is known. */
  defineDownload(id: string, path: string, sha256: string): void {
    this.defineFile(id, { path, digest: sha256.slice(0, 16) });
    this.#checksums.set(path, sha256);
  }

  /** SHA-256 of a file that a step before downloads; null: none does. */
  checksumOf(path: string): string | null {
    return this.#checksums.get(path) ?? null;
  }

  /** `name` appears in errors; `extra` is added to the context. */
  async text(template: string, name: string, extra: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const began = performance.now();
    const text = await renderTemplate(template, name, { ...this.#all({}), ...extra });
    this.#elapsedMs += performance.now() - began;
    this.#characters += text.length;
    if (this.#characters > mostCharacters) {
      throw new ShoalError('invalid_input', `the service renders to more than ${mostCharacters} characters`);
    }
    if (this.#elapsedMs > mostMs) {
      throw new ShoalError('invalid_input', `rendering the service takes longer than ${mostMs / 1000} s`);
    }
    return text;
  }

  /** One after another: what they take together is limited. */
  async words(templates: readonly string[], name: string): Promise<readonly string[]> {
    const rendered: string[] = [];
    for (const [index, template] of templates.entries()) {
      rendered.push(await this.text(template, `${name}[${index}]`));
    }
    return rendered;
  }

  async record(
    templates: Readonly<Record<string, string>>,
    name: string,
  ): Promise<Readonly<Record<string, string>>> {
    const rendered: Record<string, string> = {};
    for (const [key, template] of Object.entries(templates)) {
      rendered[key] = await this.text(template, `${name}.${key}`);
    }
    return rendered;
  }

  /** Renders the words of a validation, with the staged copies in place of the files. */
  validation(templates: readonly string[], id: string, staged: StagedPaths): Promise<readonly string[]> {
    const context = { ...this.#all(staged), staged: staged[id] ?? this.#files[id]?.path };
    return Promise.all(
      templates.map((template, index) => renderTemplate(template, `${id}.validate[${index}]`, context)),
    );
  }

  /** A step's or source's condition; none holds. */
  async holds(condition: string | undefined): Promise<boolean> {
    return condition === undefined || (await evaluateCondition(condition, this.#all({})));
  }

  #all(staged: StagedPaths): Record<string, unknown> {
    const files = Object.entries(this.#files).map(([id, file]) => [
      id,
      { ...file, staged: staged[id] ?? file.path },
    ]);
    return { ...this.#variables, ...this.#context, files: Object.fromEntries(files) };
  }
}
