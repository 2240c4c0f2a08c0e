import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { loadAjv } from './lazy.js';

/**
 * A JSON Schema (draft 2020-12). Beside the standard keywords `expected` says for people what the value must be; it replaces
 * the messages of `pattern`, `anyOf`, `oneOf` and of a wrong type.
 */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** A schema that is compiled when it is first used. */
export interface Validator<T> {
  readonly schema: JsonSchema;
  /** Every error of the value; empty when it fits. */
  errors(value: unknown): readonly ErrorObject[];
  /** True when the value fits. */
  fits(value: unknown): value is T;
}

let ajv: InstanceType<ReturnType<typeof loadAjv>['Ajv2020']> | undefined;

/**
 * Makes a validator of a schema. Nothing is compiled, and ajv isn't loaded, before its first use; a schema that can't be compiled throws then.
 * `foreign`: it is somebody else's, and throws as well when it breaks the rules for schemas. Default false: to know those rules takes a process
 * as long as to load ajv.
 */
export function compileSchema<T>(
  schema: JsonSchema,
  { foreign = false }: { foreign?: boolean } = {},
): Validator<T> {
  let compiled: ValidateFunction | undefined;
  const compile = (): ValidateFunction => {
    if (foreign) engine().validateSchema(schema, true);
    return engine().compile(schema);
  };
  const errors = (value: unknown): readonly ErrorObject[] => {
    compiled ??= compile();
    return compiled(value) ? [] : (compiled.errors ?? []);
  };
  return { schema, errors, fits: (value: unknown): value is T => errors(value).length === 0 };
}

function engine(): NonNullable<typeof ajv> {
  if (ajv !== undefined) return ajv;
  const { Ajv2020 } = loadAjv();
  ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    discriminator: true,
    verbose: true,
    // Blueprints' parameter schemas come and go with reloads: compiled schemas are held by their validators alone.
    addUsedSchema: false,
    validateSchema: false,
    // Makes the code shorter, not quicker, and takes half of the time to compile a schema.
    code: { optimize: false },
    logger: false,
  });
  ajv.addKeyword({ keyword: 'expected', schemaType: 'string' });
  // Of blueprints' parameters; it says what a value is, and checks nothing.
  ajv.addKeyword({ keyword: 'secret', schemaType: 'boolean' });
  return ajv;
}
