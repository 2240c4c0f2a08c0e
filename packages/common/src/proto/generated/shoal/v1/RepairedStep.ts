// Original file: shoal/v1/link.proto


export interface RepairedStep {
  'service'?: (string);
  'step'?: (string);
}

export interface RepairedStep__Output {
  'service': (string);
  'step': (string);
}
