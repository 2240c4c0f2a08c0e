/** A message, an enumeration or a service, as protobufjs describes it; the parts that name others. */
interface Described {
  readonly fields?: Readonly<Record<string, { readonly type: string }>>;
  readonly methods?: Readonly<
    Record<string, { readonly requestType: string; readonly responseType: string }>
  >;
}

/** What `npm run gen` makes of proto/shoal/v1: all names are of one package, without qualification. */
export interface PackageDescriptor {
  readonly nested: {
    readonly shoal: {
      readonly nested: { readonly v1: { readonly nested: Readonly<Record<string, Described>> } };
    };
  };
}

/** The same with one service alone, and what its messages are made of: the library builds whatever it is given, and commands speak the smallest service. */
export function serviceDescriptor(descriptor: PackageDescriptor, service: string): PackageDescriptor {
  const all = descriptor.nested.shoal.nested.v1.nested;
  const needed = new Set([service]);
  // The set grows while it is gone through.
  for (const name of needed) {
    const { fields = {}, methods = {} } = all[name] ?? {};
    for (const { type } of Object.values(fields)) if (Object.hasOwn(all, type)) needed.add(type);
    for (const { requestType, responseType } of Object.values(methods))
      needed.add(requestType).add(responseType);
  }
  const nested = Object.fromEntries(Object.entries(all).filter(([name]) => needed.has(name)));
  return { nested: { shoal: { nested: { v1: { nested } } } } };
}
