import t from 'tap';
import { descriptorJson } from './generated/descriptor.js';
import { services } from './index.js';
import { type PackageDescriptor, serviceDescriptor } from './service-descriptor.js';

const namesOf = (descriptor: PackageDescriptor): string[] =>
  Object.keys(descriptor.nested.shoal.nested.v1.nested).sort();

t.test('a service comes with what its messages are made of, however deep, and nothing else', (t) => {
  const field = (type: string) => ({ fields: { it: { type } } });
  const nested = {
    One: { methods: { Ask: { requestType: 'Question', responseType: 'Empty' } } },
    Two: { methods: { Tell: { requestType: 'Other', responseType: 'Empty' } } },
    Question: field('Part'),
    Part: field('Question'),
    Other: field('Part'),
    Empty: field('string'),
  };
  const descriptor = { nested: { shoal: { nested: { v1: { nested } } } } };
  t.strictSame(namesOf(serviceDescriptor(descriptor, 'One')), ['Empty', 'One', 'Part', 'Question']);
  const real = JSON.parse(descriptorJson) as PackageDescriptor;
  t.strictSame(namesOf(serviceDescriptor(real, 'Operations')), [
    'OperationRequest',
    'OperationResponse',
    'Operations',
  ]);
  t.end();
});

t.test('what is sent of the largest service comes out as it was', (t) => {
  const { requestSerialize, requestDeserialize } = services().Link.service.Control;
  const message = {
    sequence: 7,
    report: { full: true, state: 'GATING' as const, drifts: { found: [{ service: 'web', sinceMs: 5 }] } },
  };
  t.match(requestDeserialize(requestSerialize(message)), message);
  t.end();
});
