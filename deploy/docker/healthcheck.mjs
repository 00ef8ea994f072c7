/** Ends with 0 where the page named answers 200 within three seconds: node healthcheck.mjs http://127.0.0.1:9090/readyz */
const [url = ''] = process.argv.slice(2);
const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) }).catch((error) => ({ status: 0, error }));
if (answer.status !== 200) {
  process.stderr.write(`${url}: ${answer.error?.cause?.message ?? answer.error?.message ?? answer.status}\n`);
  process.exitCode = 1;
}
