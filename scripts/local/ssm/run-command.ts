import { randomUUID } from 'node:crypto';

import { AwsError } from '../api/errors';
import { isTarget } from '../api/iam-checks';
import type { Say } from '../moment';
import type { Document } from '../package/stack';
import type { Timers } from '../timers';

export type Script = { readonly text: string; readonly timeoutSeconds: number };
export type Output = { readonly code: number; readonly lines: readonly string[] };
export type ManagedInstance = {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  run(script: Script): Promise<Output>;
};
export type Command = {
  readonly id: string;
  readonly at: number;
  readonly parameters: Parameters;
  /** By instance; `undefined` while it runs. */
  readonly invocations: Map<string, Output | undefined>;
};

export type CommandFault = 'lost' | 'late';
const lateMs = 3_000;

type Parameters = Readonly<Record<string, readonly string[]>>;
type Input = {
  DocumentName: string;
  Targets?: { Key: string; Values: string[] }[];
  InstanceIds?: string[];
  Parameters?: Parameters;
};
type Asked = { readonly Name: string; readonly DocumentFormat?: string };
type Deps = { readonly delayMs: number; readonly timers: Timers; readonly say: Say; readonly isOn: () => boolean };

/** Run Command: carries the packaged document to the instances that a tag names (AWS: SendCommand). */
export function runCommand(documents: readonly Document[], instances: readonly ManagedInstance[], deps: Deps) {
  const commands: Command[] = [];
  const faults: CommandFault[] = [];
  const held: (() => void)[] = [];

  function named(name: string): Document {
    const found = documents.find(({ Name }) => name === Name || name.endsWith(`:document/${Name}`));
    return found ?? refuse('InvalidDocument', `Document with name ${name} does not exist.`);
  }

  function send({ DocumentName, Targets = [], InstanceIds = [], Parameters = {} }: Input) {
    const document = named(DocumentName);
    // 64 KB for the document and its parameters together (AWS: CreateDocument, Content).
    const bytes = Buffer.byteLength(JSON.stringify([document.Content, Parameters]));
    if (bytes > 65_536) throw new AwsError('MaxDocumentSizeExceeded', 'The size limit of a document is 64 KB.');
    const script = filled(document, Parameters);

    const command: Command = { id: randomUUID(), at: Date.now(), parameters: Parameters, invocations: new Map() };
    commands.push(command);
    const fault = faults.shift();
    for (const instance of instances.filter((each) => isTarget({ InstanceIds, Targets }, each))) {
      command.invocations.set(instance.id, undefined);
      if (fault !== 'lost') deliver(() => perform(command, instance, script), fault === 'late' ? lateMs : deps.delayMs);
    }
    const RequestedDateTime = command.at / 1000;
    return {
      Command: {
        CommandId: command.id,
        DocumentName,
        Parameters,
        Targets,
        InstanceIds,
        Status: 'Pending',
        RequestedDateTime,
      },
    };
  }

  /** During an outage a command waits; its delivery timeout is an hour by default. ASSUMED: it is not lost. */
  const deliver = (run: () => void, milliseconds: number): void =>
    deps.timers.after(milliseconds, () => (deps.isOn() ? run() : held.push(() => deliver(run, deps.delayMs))));

  async function perform(command: Command, instance: ManagedInstance, script: Script): Promise<void> {
    deps.say('command', `Run Command reaches ${instance.id}: ${JSON.stringify(command.parameters)}`);
    command.invocations.set(instance.id, await instance.run(script));
  }

  return {
    commands,
    faults: { next: (fault: CommandFault, times = 1) => void faults.push(...Array<CommandFault>(times).fill(fault)) },
    release: (): void => {
      for (const run of held.splice(0)) run();
    },
    handlers: {
      'ssm:SendCommand': send,
      // A name is filtered by how it begins (AWS: DocumentKeyValuesFilter). The later in the list, the newer.
      'ssm:ListDocuments': ({ Filters }: { Filters: { Key: string; Values: string[] }[] }) => ({
        DocumentIdentifiers: documents.flatMap(({ Name }, index) =>
          Filters.every(({ Key, Values }) => Key !== 'Name' || Values.some((start) => Name.startsWith(start)))
            ? [{ Name, CreatedDate: index }]
            : [],
        ),
      }),
      // The content is a text (AWS: GetDocument).
      'ssm:GetDocument': ({ Name, DocumentFormat = 'JSON' }: Asked) => ({
        Name,
        DocumentFormat,
        DocumentVersion: '1',
        Status: 'Active',
        Content: JSON.stringify(named(Name).Content, undefined, 2),
      }),
    },
  };
}

/** `{{ Name }}` is pasted in as it is, so the allowed pattern is what keeps a script a script (AWS: SSM documents). */
export function filled({ Name, Content: { parameters, mainSteps } }: Document, given: Parameters): Script {
  const [step] = mainSteps;
  if (step?.action !== 'aws:runShellScript' || mainSteps.length > 1) {
    throw new Error(`document ${Name}: the local world plays exactly one aws:runShellScript`);
  }
  for (const name of Object.keys(given)) parameters[name] ?? invalid(`The document has no parameter ${name}.`);
  let text = step.inputs.runCommand.join('\n');
  for (const [name, { default: byDefault, allowedPattern = '' }] of Object.entries(parameters)) {
    const value = given[name]?.join(' ') ?? byDefault ?? invalid(`Parameter ${name} is missing.`);
    if (!new RegExp(allowedPattern).test(value)) invalid(`Parameter ${name} does not match ${allowedPattern}.`);
    text = text.replaceAll(new RegExp(`\\{\\{ *${name} *\\}\\}`, 'g'), () => value);
  }
  return { text, timeoutSeconds: Number(step.inputs.timeoutSeconds ?? 3600) };
}

const invalid = (message: string): never => refuse('InvalidParameters', message);
const refuse = (code: string, message: string): never => {
  throw new AwsError(code, message);
};
