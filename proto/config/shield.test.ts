// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shieldReferences } from './shield.js';

const pieces = fc.array(
  fc.oneof(fc.constantFrom('${A}', '$$', '$${B}', '${', '}', '${1}', '\ue000', '\ue001', '\n'), fc.string()),
  { size: 'max', maxLength: 20 },
);

it('restoring gives back the text, whatever it holds, and no position moves', () => {
  fc.assert(
    fc.property(
      pieces.map((list) => list.join('')),
      (text) => {
        const shield = shieldReferences(text);
        expect(shield.restore(shield.text)).toBe(text);
        expect(shield.text.length).toBe(text.length);
      },
    ),
  );
});

it('the braces of a reference are hidden, those of YAML are not', () => {
  expect(shieldReferences('a: [${KEY}, {b: 1}]').text.replace(/[\ue000-\uf8ff]/g, '_')).toBe('a: [__KEY_, {b: 1}]');
  expect(shieldReferences('$${KEY}').text).toBe('$${KEY}');
});
