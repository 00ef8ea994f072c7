/** What people do at the console, in its own words: each step is made by labels and roles alone, as a reader of the screen would. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

/** What each waits for at most: pages answer within moments, builders' machines don't always. */
const WITHIN_MS = 30_000;

export class AtConsole {
  readonly page: Page;
  readonly #origin: string;

  constructor(page: Page, origin: string) {
    this.page = page;
    this.#origin = origin;
    page.setDefaultTimeout(WITHIN_MS);
  }

  /** By address, as a bookmark would. */
  async open(address: string): Promise<void> {
    await this.page.goto(`${this.#origin}/#${address}`);
    await this.page.getByRole('heading', { level: 1 }).waitFor();
    await this.quiet();
  }

  async quiet(): Promise<void> {
    while ((await this.page.getByRole('status').filter({ hasText: '…' }).count()) > 0)
      await this.page.waitForTimeout(50);
  }

  async fill(label: string, value: string): Promise<void> {
    await this.page.getByLabel(label, { exact: false }).first().fill(value);
  }

  async press(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).first().click();
  }

  /** Of the dialog that is open. */
  async confirm(name: string): Promise<void> {
    const button = this.page.getByRole('button', { name, exact: true });
    const dialog = this.page.getByRole('dialog').filter({ has: button });
    await dialog.getByRole('button', { name, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await this.quiet();
  }

  async tab(name: string): Promise<void> {
    await this.page.getByRole('tab', { name }).click();
    await this.quiet();
  }

  async signIn(login: string, password: string, chosen: string): Promise<void> {
    await this.page.goto(`${this.#origin}/`);
    await this.fill('Name', login);
    await this.page.getByRole('textbox', { name: 'Password' }).fill(password);
    await this.press('Sign in');
    await this.page.getByRole('heading', { name: 'Choose a password' }).waitFor();
    await this.page.getByRole('textbox', { name: 'New password', exact: true }).fill(chosen);
    await this.page.getByRole('textbox', { name: 'New password, again' }).fill(chosen);
    await this.press('Change password');
    await this.page.getByRole('heading', { name: 'Overview' }).waitFor();
  }

  async newTeam(name: string): Promise<void> {
    await this.open('/teams');
    await this.press('New team');
    await this.page.getByRole('dialog').getByLabel('Name').fill(name);
    await this.confirm('Make it');
    await this.page.getByRole('heading', { level: 1, name }).waitFor();
  }

  /** The password that is shown once. */
  async newUser(login: string): Promise<string> {
    await this.open('/users');
    await this.press('New user');
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel('Login').fill(login);
    await dialog.getByLabel('Name').fill(login);
    await dialog.getByRole('button', { name: 'Make it' }).click();
    return this.#shownOnce('The password');
  }

  async addMember(team: string, login: string, role: string): Promise<void> {
    await this.open(`/teams/${team}`);
    await this.press('Add a member');
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel('Login').fill(login);
    await dialog.getByLabel('Role').selectOption(role);
    await this.confirm('Add');
    await this.page.getByRole('cell', { name: login }).first().waitFor();
  }

  async newServiceFromFile(team: string, name: string, file: string, server: string): Promise<void> {
    await this.open('/services/new');
    await this.page.getByLabel('Team that it belongs to').selectOption(team);
    await this.fill('Name', name);
    await this.page.locator('input[type=file]').setInputFiles({
      name: 'openapi.yaml',
      mimeType: 'application/yaml',
      buffer: readFileSync(file),
    });
    await this.fill('Server behind it', server);
    await this.press('Make the draft');
    await this.page.getByRole('heading', { name: 'What it comes to' }).waitFor();
    await this.page
      .getByText(/no faults|warning/)
      .first()
      .waitFor();
  }

  /** By hand, and published at once. */
  async quickService(team: string, name: string, server: string): Promise<void> {
    await this.page.getByText('By hand', { exact: true }).click();
    await this.page.getByLabel('Team that it belongs to').selectOption(team);
    await this.fill('Name', name);
    await this.fill('Server behind it', server);
    await this.press('Publish it, with a key');
    await this.page.getByRole('heading', { level: 1, name: /is published/ }).waitFor();
  }

  async publish(notes: string, share: 'all' | 'few'): Promise<void> {
    // Waits until it is enabled: the draft has been checked by then.
    await this.press('Publish …');
    await this.page.getByRole('dialog').getByLabel('Notes').fill(notes);
    if (share === 'few') await this.page.getByRole('slider').press('Home');
    await this.confirm('Publish');
  }

  async newApplicationWithKey(name: string): Promise<string> {
    await this.open('/applications');
    await this.press('New application');
    await this.page.getByRole('dialog').getByLabel('Name').fill(name);
    await this.confirm('Make it');
    await this.page.getByRole('heading', { level: 1, name }).waitFor();
    await this.press('New key');
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('first');
    await dialog.getByRole('button', { name: 'Make it' }).click();
    return this.#shownOnce('The key');
  }

  async subscribe(serviceId: string, reason: string): Promise<void> {
    await this.open(`/catalogue/${serviceId}`);
    await this.press('Subscribe');
    await this.page.getByRole('dialog').getByLabel('What for').fill(reason);
    await this.confirm('Subscribe');
  }

  /** The status that the answer to a tried operation had. */
  async tryOperation(operation: string, key: string): Promise<string> {
    await this.page.getByRole('button', { name: operation }).click();
    const form = this.page.getByRole('form', { name: `Try ${operation}` });
    if (key !== '') await form.getByRole('textbox', { name: 'Key' }).fill(key);
    await form.getByRole('button', { name: 'Send' }).click();
    return (await form.locator('.state').first().textContent()) ?? '';
  }

  async #shownOnce(label: string): Promise<string> {
    const secret = await this.page.getByRole('textbox', { name: label, exact: true }).inputValue();
    await this.confirm('I have kept it');
    return secret;
  }
}
