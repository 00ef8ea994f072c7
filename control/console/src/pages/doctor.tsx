/** Why requests time out, and what would cure it; then how calls could be fewer and answers smaller: each with the change that is proposed. */
import { Button, List, Stack, Text, Title } from '@mantine/core';
import type { Advice } from '@weir/proto/events/advice.js';
import { adviceTitles, savingInWords } from '@weir/proto/events/advice-words.js';
import type { Change, DoctorCase, DoctorReport } from '@weir/proto/events/doctor.js';
import { Link } from 'wouter';
import { useGet } from '../api/queries.js';
import type { ProposedChange } from '../design/set-in-text.js';
import { useNow } from '../ui/clock.js';
import { Empty, Page, Panel } from '../ui/page.js';
import { Answer } from '../ui/problem-alert.js';
import { State } from '../ui/state.js';
import { several, showAge } from '../ui/words.js';

const EVERY_MS = 5_000;

export default function Doctor() {
  const report = useGet<DoctorReport>('/v1/insight/doctor', { everyMs: EVERY_MS });
  return (
    <Page
      title="Timeout doctor"
      about="Each timeout, and each answer that came with less than a fifth of a limit left, filed under one cause."
    >
      <Answer of={report} what="verdicts" notOffered={<NotHere />}>
        {(told) => (
          <>
            <Cases report={told} />
            <AllAdvice advice={told.advice ?? []} />
          </>
        )}
      </Answer>
    </Page>
  );
}

function NotHere() {
  return (
    <Panel>
      <Empty title="This control does not tell verdicts by its API">
        The nodes have them: weir doctor asks each, and shows cause, evidence and the change to make.
      </Empty>
    </Panel>
  );
}

function Cases({ report: { cases, forgotten } }: { report: DoctorReport }) {
  if (cases.length === 0) {
    return (
      <Panel>
        <Empty title="Nothing to report">
          No timer has fired, and no answer came close to a limit. Limits are in timeouts of the gateway, of upstreams
          and of routes.
        </Empty>
      </Panel>
    );
  }
  return (
    <Stack gap="lg">
      {cases.map((one) => (
        <Case key={`${one.route} ${one.timer} ${one.kind} ${one.verdict.rule} ${one.target}`} case={one} />
      ))}
      {forgotten > 0 && <Text size="sm">{several(forgotten, 'older case')} were forgotten: there were too many.</Text>}
    </Stack>
  );
}

function Case({ case: { route, target, timer, kind, count, lastWallMs, verdict } }: { case: DoctorCase }) {
  const now = useNow();
  const sure = verdict.certainty === 'clear' ? '' : ` (${verdict.certainty})`;
  return (
    <Panel title={`${route}: ${verdict.cause}${sure}`}>
      <Stack gap="xs" align="flex-start">
        <State mood={kind === 'fired' ? 'bad' : 'warn'}>
          {kind === 'fired' ? `${timer} fired` : `${timer} nearly fired`} {several(count, 'time')}, last{' '}
          {showAge(lastWallMs, now)}
          {target === '' ? '' : `, at ${target}`}
        </State>
        <List size="sm">
          {verdict.evidence.map((sentence) => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
        <Text size="sm" fw={600}>
          What would cure it
        </Text>
        <Changes of={verdict.changes} routes={[route]} />
      </Stack>
    </Panel>
  );
}

function AllAdvice({ advice }: { advice: readonly Advice[] }) {
  return (
    <>
      <Title order={2} size="h3">
        Fewer calls, smaller answers
      </Title>
      {advice.length === 0 ? (
        <Panel label="Advice">
          <Empty title="No advice">
            In the traffic of the last minutes nothing was found that fewer calls or smaller answers would spare.
          </Empty>
        </Panel>
      ) : (
        <Stack gap="lg">
          {advice.map((one) => (
            <OneAdvice key={`${one.kind} ${one.routes.join(' ')} ${one.subject}`} advice={one} />
          ))}
        </Stack>
      )}
    </>
  );
}

function OneAdvice({ advice: { kind, routes, certainty, evidence, changes, saving } }: { advice: Advice }) {
  const sure = certainty === 'clear' ? '' : ` (${certainty})`;
  return (
    <Panel title={`${routes.join(', ')}: ${adviceTitles[kind]}${sure}`}>
      <Stack gap="xs" align="flex-start">
        <List size="sm">
          {evidence.map((sentence) => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
        <Text size="sm" fw={600}>
          What would be saved of this traffic
        </Text>
        <List size="sm">
          {savingInWords(saving).map((measure) => (
            <List.Item key={measure}>{measure}</List.Item>
          ))}
        </List>
        <Changes of={changes} routes={routes} />
      </Stack>
    </Panel>
  );
}

/** What is proposed, and the way to where it can be made. */
function Changes({ of: proposed, routes }: { of: readonly Change[]; routes: readonly string[] }) {
  const changes = proposed.flatMap((change) => (change.kind === 'config' ? [change] : []));
  return (
    <>
      <List size="sm">
        {proposed.map((change) =>
          change.kind === 'config' ? (
            <List.Item key={change.path}>
              <code>{change.path}</code>: {change.from} → <strong>{change.to}</strong>
            </List.Item>
          ) : (
            <List.Item key={change.text}>{change.text}</List.Item>
          ),
        )}
      </List>
      {changes.length > 0 && (
        <Button component={Link} href={placeOf(routes[0] ?? '', changes)} variant="default" size="xs">
          Open the proposed change
        </Button>
      )}
    </>
  );
}

/** A route of a service is changed in the service's draft, any other in the configuration. */
function placeOf(route: string, changes: readonly ProposedChange[]): string {
  const service = /^([a-z0-9-]+)@\d+\//.exec(route)?.[1];
  if (service !== undefined) return `/services/${service}/draft`;
  return `/revisions/new/${encodeURIComponent(JSON.stringify(changes.map(({ path, to }) => ({ path, to }))))}`;
}
