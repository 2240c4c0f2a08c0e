/** Version of Shoal that this copy was built from; kept equal to `package.json`. */
export const version: string = '0.1.0';
