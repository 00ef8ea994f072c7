/** The commands of the CLI, and how they fail. Each command file loads what it needs when it is called. */
import { registerApply } from '@weir/control/cli/apply.js';
import { registerApps, registerSubs } from '@weir/control/cli/apps.js';
import { registerCache } from '@weir/control/cli/cache.js';
import { registerAudit, registerCalls } from '@weir/control/cli/calls.js';
import { registerCheck } from '@weir/control/cli/check.js';
import { registerContract } from '@weir/control/cli/contract.js';
import { registerDoctor } from '@weir/control/cli/doctor.js';
import { registerHistory } from '@weir/control/cli/history.js';
import { registerLogin } from '@weir/control/cli/login.js';
import { registerPurge } from '@weir/control/cli/purge.js';
import { registerRegistry } from '@weir/control/cli/registry.js';
import { registerRollout } from '@weir/control/cli/rollout.js';
import { registerServices } from '@weir/control/cli/services.js';
import { registerStatus } from '@weir/control/cli/status.js';
import { registerTeams } from '@weir/control/cli/teams.js';
import { registerTokens } from '@weir/control/cli/tokens.js';
import { registerUsers } from '@weir/control/cli/users.js';
import { Command, Help, type Option } from 'commander';
import { registerAi } from './commands/ai.js';
import { registerCompletion } from './commands/completion.js';
import { registerControl } from './commands/control.js';
import { registerKeys } from './commands/keys.js';
import { registerNode } from './commands/node.js';
import { registerPassedOn } from './commands/passed-on.js';
import { registerUp } from './commands/up.js';
import { readVersion } from './version.js';

export function createProgram(): Command {
  const program = new Command('weir')
    .description(
      'A gateway that overcomes timeouts: a slow or broken upstream should not become a timeout for the client.',
    )
    .version(readVersion(), '-V, --version')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .showHelpAfterError('(--help after any command tells more)')
    .helpCommand('help [command]', 'tell more about a command')
    .configureHelp({ optionDescription: describeOption })
    .addHelpText(
      'after',
      `
Start here:
  weir up                        a welcome page, to see that it runs
  weir up --demo                 timeouts being overcome, within a minute
  weir up --config weir.yaml     your services
  weir node --nats … --trust …   one node of a cluster, under the controls that it trusts
  weir check weir.yaml           every fault of a config, with its line and its cure

Ports (all on loopback unless told otherwise):
  8080  traffic: gateway.listen in the config
  9080  admin API: --admin
  9090  metrics and health: --metrics

Exit codes: 0 done, 1 failed, 2 or more as each command's help says.
NO_COLOR=1 switches colours off.`,
    );

  registerUp(program);
  registerNode(program);
  registerCheck(program);
  registerContract(program);
  registerControl(program);
  registerKeys(program);
  registerStatus(program);
  registerApply(program);
  registerHistory(program);
  registerRollout(program);
  registerDoctor(program);
  registerPurge(program);
  registerCache(program);
  registerLogin(program);
  registerUsers(program);
  registerTokens(program);
  registerTeams(program);
  registerServices(program);
  registerApps(program);
  registerSubs(program);
  registerRegistry(program);
  registerAudit(program);
  registerCalls(program);
  registerAi(program);
  registerPassedOn(program);
  registerCompletion(program);
  return program;
}

/** That an option is off, or empty, where nobody gives it goes without saying; what it means then is said by its description. */
function describeOption(option: Option): string {
  const isNothing = isEmpty(option.defaultValue);
  const told: Option = isNothing ? Object.assign(Object.create(option), { defaultValue: undefined }) : option;
  return Help.prototype.optionDescription(told);
}

function isEmpty(value: unknown): boolean {
  return (
    value === false || value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  );
}
