// Original file: shoal/v1/link.proto


export interface StepFailure {
  'service'?: (string);
  /**
   * Id of the step in the manifest; "health" when all steps held but the service didn't become healthy, "gate" when it did and its traffic was
   * worse than before.
   */
  'step'?: (string);
  /**
   * One sentence for people.
   */
  'message'?: (string);
  /**
   * The last lines of the failing command's own output.
   */
  'output'?: (string);
  /**
   * True when everything this attempt changed was undone.
   */
  'undone'?: (boolean);
  /**
   * True when it failed before anything of the host was changed: there was nothing to undo.
   */
  'untouched'?: (boolean);
}

export interface StepFailure__Output {
  'service': (string);
  /**
   * Id of the step in the manifest; "health" when all steps held but the service didn't become healthy, "gate" when it did and its traffic was
   * worse than before.
   */
  'step': (string);
  /**
   * One sentence for people.
   */
  'message': (string);
  /**
   * The last lines of the failing command's own output.
   */
  'output': (string);
  /**
   * True when everything this attempt changed was undone.
   */
  'undone': (boolean);
  /**
   * True when it failed before anything of the host was changed: there was nothing to undo.
   */
  'untouched': (boolean);
}
