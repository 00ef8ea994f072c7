/** Reads a secret: from a terminal without showing it, else as the next line of standard input. Owns what was read of that and not asked for yet. */

const CHARS_MAX = 4_096;
const [CTRL_C, CTRL_D, BACKSPACE, DELETE] = ['\u0003', '\u0004', '\b', '\u007f'];

export function readSecret(question: string): Promise<string> {
  return process.stdin.isTTY === true ? fromTerminal(question) : fromInput();
}

function fromTerminal(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve) => {
    let typed = '';
    const end = (): void => {
      stdin.off('data', hear);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
    };
    const hear = (text: string): void => {
      for (const char of text) {
        if (char === CTRL_C) {
          end();
          process.exit(130);
        }
        if (char === '\r' || char === '\n' || char === CTRL_D) {
          end();
          resolve(typed);
          return;
        }
        if (char === BACKSPACE || char === DELETE) typed = [...typed].slice(0, -1).join('');
        else if (typed.length < CHARS_MAX) typed += char;
      }
    };
    stdin.on('data', hear);
  });
}

let waiting: string[] | null = null;

async function fromInput(): Promise<string> {
  if (waiting === null) {
    let text = '';
    for await (const chunk of process.stdin.setEncoding('utf8')) {
      text += String(chunk);
      if (text.length > CHARS_MAX) break;
    }
    waiting = text.split(/\r?\n/);
  }
  return waiting.shift() ?? '';
}
