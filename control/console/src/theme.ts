/** Colours and shapes. Every pair of text and ground has a contrast of 4.5 to 1 at least, light and dark (WCAG 2.2, 1.4.3). */
import { Anchor, type CSSVariablesResolver, createTheme, NavLink } from '@mantine/core';

const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace';

export const theme = createTheme({
  fontFamily: SANS,
  fontFamilyMonospace: MONO,
  headings: { fontFamily: SANS, fontWeight: '650' },
  colors: {
    weir: [
      '#e3f7fa',
      '#c9edf3',
      '#9adde8',
      '#67cbdb',
      '#45bccf',
      '#22a5ba',
      '#158aa0',
      '#0f7d92',
      '#0b7285',
      '#075a6a',
    ],
  },
  primaryColor: 'weir',
  primaryShade: 8,
  defaultRadius: 'md',
  cursorType: 'pointer',
  // Links are known by their lines, and not by colour alone.
  components: {
    Anchor: Anchor.extend({ defaultProps: { underline: 'always' } }),
    NavLink: NavLink.extend({ styles: { root: { borderRadius: 8, paddingBlock: 6 } } }),
  },
});

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#545b62',
    '--mantine-color-placeholder': '#6a7178',
    '--mantine-color-error': '#b02525',
    '--weir-good': '#1f7a35',
    '--weir-warn': '#8a5300',
    '--weir-bad': '#b02525',
    '--weir-line': '#dfe3e6',
    '--weir-ground': '#f7f8f9',
    '--weir-added': '#e2f5e6',
    '--weir-removed': '#fdeaea',
  },
  dark: {
    '--mantine-color-dimmed': '#a9b0b7',
    '--mantine-color-placeholder': '#939aa1',
    '--mantine-color-error': '#ff9c9c',
    '--weir-good': '#6fd08c',
    '--weir-warn': '#f0b860',
    '--weir-bad': '#ff9c9c',
    '--weir-line': '#3a4046',
    '--weir-ground': '#1b1e21',
    '--weir-added': '#17351f',
    '--weir-removed': '#43201f',
  },
});
