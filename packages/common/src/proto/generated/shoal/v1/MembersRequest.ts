// Original file: shoal/v1/link.proto


export interface MembersRequest {
  'id'?: (string);
}

export interface MembersRequest__Output {
  'id': (string);
}
