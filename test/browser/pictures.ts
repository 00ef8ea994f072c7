/** Pictures of pages, for whoever wants to look at them: made only where WEIR_SCREENSHOTS names a folder, for no test looks at any. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const folder = process.env['WEIR_SCREENSHOTS'];

/** Of the whole page, also below what its window shows. */
export async function takePicture(page: Page, name: string): Promise<void> {
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
