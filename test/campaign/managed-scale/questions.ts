/** What the console asks when its pages are opened, and what its lists ask when they are searched and read on; `at` makes each time another one. */

export interface Question {
  readonly name: string;
  readonly path: (at: number) => string;
}

export interface Size {
  readonly services: number;
  readonly keys: number;
  readonly teams: number;
  readonly users: number;
}

/** So many keys has each application of the registry that is measured. */
const KEYS_EACH = 10;

export function questionsOf({ services, keys, users, teams }: Size, isOperator: boolean): readonly Question[] {
  const service = (at: number): string => `s-${(at * 7_919) % services}`;
  const application = (at: number): string => `app-${(at * 7_919) % Math.ceil(keys / KEYS_EACH)}`;
  const own = [
    { name: 'session', path: () => '/v1/session' },
    { name: 'catalogue', path: () => '/v1/catalogue?max=50' },
    {
      name: 'catalogue: a search',
      path: (at: number) => `/v1/catalogue?max=50&q=parcel+${service(at).replace('-', '')}`,
    },
    { name: 'catalogue: nothing fits', path: () => '/v1/catalogue?max=50&q=nothing+like+it' },
    { name: 'catalogue: by tag, read on', path: (at: number) => `/v1/catalogue?max=50&tag=stock&after=${service(at)}` },
    { name: 'services', path: () => '/v1/services?max=50' },
    { name: 'services: a search', path: (at: number) => `/v1/services?max=50&q=order+${service(at).replace('-', '')}` },
    { name: 'services: by stage, none', path: () => '/v1/services?max=50&stage=deprecated' },
    { name: 'applications', path: () => '/v1/applications?max=50' },
    { name: 'applications: a search', path: (at: number) => `/v1/applications?max=50&q=${application(at)}` },
    { name: 'subscriptions', path: () => '/v1/subscriptions?max=50' },
    { name: 'subscriptions: pending, none', path: () => '/v1/subscriptions?max=50&state=pending' },
    { name: 'teams', path: () => '/v1/teams?max=50' },
    { name: 'insight: top services', path: () => '/v1/insight/top?by=service&of=latency&window=24h&max=5' },
    { name: 'insight: top consumers', path: () => '/v1/insight/top?by=consumer&of=requests&window=1h&max=5' },
    { name: 'insight: top of each', path: () => '/v1/insight/top?by=route&of=each&window=1h&max=5' },
    { name: 'doctor', path: () => '/v1/insight/doctor' },
  ];
  if (!isOperator) return own;
  return [
    ...own,
    { name: 'a service', path: (at: number) => `/v1/services/${service(at)}` },
    { name: 'a service: its releases', path: (at: number) => `/v1/services/${service(at)}/releases` },
    { name: 'a service: its subscribers', path: (at: number) => `/v1/subscriptions?max=50&serviceId=${service(at)}` },
    { name: 'a service: its entry', path: (at: number) => `/v1/catalogue/${service(at)}` },
    { name: 'an application: its keys', path: (at: number) => `/v1/applications/${application(at)}/keys` },
    { name: 'services: read on', path: (at: number) => `/v1/services?max=200&after=${service(at)}` },
    { name: 'users', path: () => '/v1/users?max=50' },
    { name: 'users: a search', path: (at: number) => `/v1/users?max=50&q=user-${at % users}` },
    { name: 'teams: a search', path: (at: number) => `/v1/teams?max=50&q=team-${at % teams}` },
    { name: 'audit', path: () => '/v1/audit' },
    { name: 'audit: nothing fits', path: () => '/v1/audit?who=nobody' },
    { name: 'insight: series', path: () => '/v1/insight/series?of=all&step=1m' },
    { name: 'calls', path: () => '/v1/insight/calls?max=50' },
    { name: 'status', path: () => '/status' },
    { name: 'status, brief', path: () => '/status?brief' },
  ];
}
