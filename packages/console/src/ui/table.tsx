import type { ComponentChildren, JSX } from 'preact';

/** A column of a table. */
export interface Column<Row> {
  readonly heading: string;
  /** What the heading means, on hover. */
  readonly title?: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** `name` heads its row, `status` stands in the corner of a card, `actions` has no heading to be seen, `text` no label in a card. Default: a value with its label. */
  readonly kind?: 'name' | 'status' | 'actions' | 'text';
  readonly class?: string | ((row: Row) => string);
}

interface TableProps<Row> {
  /** Read, not seen: the page says it already. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string | number;
  /** Marks each row by the node that it is about. */
  readonly nodeOf?: (row: Row) => string;
}

/** Rows under headings; a card each where it is narrow. */
export function Table<Row>({ caption, columns, rows, rowKey, nodeOf }: TableProps<Row>): JSX.Element {
  return (
    <div class="table-frame">
      <table class="table cards">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ heading, title, kind }) => (
              <th key={heading} scope="col" title={title}>
                {kind === 'actions' ? <span class="visually-hidden">{heading}</span> : heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)} data-node={nodeOf?.(row)}>
              {columns.map((column) => (
                <Cell key={column.heading} column={column} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell<Row>({ column, row }: { column: Column<Row>; row: Row }): JSX.Element {
  const { kind, heading, cell } = column;
  if (kind === 'name') return <th scope="row">{cell(row)}</th>;
  const own = typeof column.class === 'function' ? column.class(row) : column.class;
  const classes = [kind === 'status' || kind === 'actions' ? `cell-${kind}` : '', own ?? '']
    .filter((name) => name !== '')
    .join(' ');
  return (
    <td data-label={kind === undefined ? heading : undefined} class={classes === '' ? undefined : classes}>
      {cell(row)}
    </td>
  );
}
