/** How much there may be of everything that people manage. What is beyond is refused, with its cure. */
import type { EntityKind } from './entities.js';

/** In the whole registry. Releases are bounded by service and by their bytes. */
export const countMax: Readonly<Record<EntityKind, number>> = {
  user: 10_000,
  session: 100_000,
  token: 100_000,
  team: 1_000,
  service: 20_000,
  release: 200_000,
  application: 50_000,
  key: 200_000,
  subscription: 200_000,
  secret: 50_000,
};

/** So that no team, and no program of one, takes all that there is for all. */
export const servicesPerTeamMax = 2_000;
export const applicationsPerTeamMax = 5_000;
export const subscriptionsPerApplicationMax = 1_000;
export const keysPerApplicationMax = 20;
/** Nodes read each of them, with each snapshot. */
export const signingKeysPerApplicationMax = 4;
export const publicKeyCharsMax = 8_192;
/** Older ones that are not live are given up. */
export const releasesPerServiceMax = 100;
/** The oldest one ends. */
export const sessionsPerUserMax = 50;
export const tokensPerUserMax = 50;
export const secretsPerTeamMax = 200;
export const membersPerTeamMax = 500;
export const teamsPerUserMax = 200;
export const liveMax = 8;
export const plansMax = 20;
export const tagsMax = 20;
export const hostsMax = 20;
export const upstreamsMax = 50;
export const routesMax = 500;

/** Of one contract, as JSON text: an uploaded one may be that long. */
export const contractCharsMax = 5 * 1024 * 1024;
/** Of the upstreams, of the routes or of the models and prompts of one design, as JSON text. */
export const designListCharsMax = 512 * 1024;
export const planCharsMax = 16 * 1024;
/** Of all drafts and releases together, in characters of JSON: they are held in memory. A draft and the release made of it count twice. */
export const designsCharsMax = 512 * 1024 * 1024;
/** Of them those of one team. */
export const designsCharsPerTeamMax = 128 * 1024 * 1024;

/** A session ends by itself after it. */
export const sessionMaxMs = 30 * 86_400_000;
export const tokenMaxMs = 366 * 86_400_000;
/** How long a key that was rotated may go on. */
export const overlapMaxMs = 90 * 86_400_000;
