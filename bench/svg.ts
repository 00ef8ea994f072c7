/** Pictures of reports: SVG written by hand, without a script. Pure. */

export type Attributes = Readonly<Record<string, string | number>>;

/** Labels may come from programs that are measured: none of them opens an element. */
export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** `content` is markup; numbers are written with two decimals at most. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? Number(value.toFixed(2)) : escapeXml(value)}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

export const INK = '#1f2933';

export const text = (x: number, y: number, content: string, more: Attributes = {}): string =>
  element('text', { x, y, fill: INK, 'font-size': 11, ...more }, escapeXml(content));

/** A whole picture with a title for those who do not see it, on white. `parts`: markup. */
export function picture(
  size: { readonly width: number; readonly height: number },
  title: string,
  parts: readonly string[],
): string {
  const { width, height } = size;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif">`;
  const ground = element('rect', { x: 0, y: 0, width, height, fill: '#ffffff' });
  return `${[head, element('title', {}, escapeXml(title)), ground, ...parts].join('\n')}\n</svg>\n`;
}
