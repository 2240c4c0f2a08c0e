import { evaluateCondition, renderTemplate, ShoalError } from '@shoal/common';
import type { TemplateContext } from './context.js';
import type { StagedPaths } from './rendered.js';

interface KnownFile {
  readonly path: string;
  readonly digest: string;
}

/** Renders the templates of one service. It learns on the way: variables, then each file's path and digest. */
export class Renderer {
  readonly #context: TemplateContext;
  readonly #variables: Record<string, string> = {};
  readonly #files: Record<string, KnownFile> = {};

  constructor(context: TemplateContext) {
    this.#context = context;
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

  /** `name` appears in errors; `extra` is added to the context. */
  text(template: string, name: string, extra: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return renderTemplate(template, name, { ...this.#all({}), ...extra });
  }

  words(templates: readonly string[], name: string): Promise<readonly string[]> {
    return Promise.all(templates.map((template, index) => this.text(template, `${name}[${index}]`)));
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
