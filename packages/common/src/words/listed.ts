/** The first `most` of some texts, and how many more there are: `a, b and 3 more`. `separator` stands between them. */
export function listed(texts: readonly string[], most: number, separator = ', '): string {
  const shown = texts.slice(0, most).join(separator);
  return texts.length > most ? `${shown} and ${texts.length - most} more` : shown;
}
