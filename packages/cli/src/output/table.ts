/** A column: its heading, how to get a cell's text, and whether numbers shall stand right-aligned. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  readonly right?: boolean;
}

const escapeSequence = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Columns that a terminal shows of a text; color sequences take none. */
function width(text: string): number {
  return [...text.replace(escapeSequence, '')].length;
}

/** Rows as aligned columns under their headings, ending in a line end; `(none)` when there are no rows. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  if (rows.length === 0) return '(none)\n';
  const cells = [columns.map((c) => c.heading), ...rows.map((row) => columns.map((c) => c.cell(row)))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => width(line[i] ?? ''))));
  return cells
    .map((line) =>
      line
        .map((text, i) => {
          const padding = ' '.repeat((widths[i] ?? 0) - width(text));
          return columns[i]?.right === true ? padding + text : text + padding;
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
