/** Entry of the console: styles, providers, and the tree. */
import './style.css';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { newQueryClient } from './api/queries.js';
import { App } from './app.js';
import { loadAhead } from './pages.js';
import { theme, variables } from './theme.js';
import { NewsProvider } from './ui/news.js';

/** Style elements that libraries write are allowed by this alone (control/api/console-files.ts). */
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? '';
setNonce(nonce);

loadAhead(window.location.hash.slice(1) || '/');

const place = document.getElementById('root');
if (place === null) throw new Error('the page has no place for the console');
createRoot(place).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={newQueryClient()}>
        <NewsProvider>
          <App />
        </NewsProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
