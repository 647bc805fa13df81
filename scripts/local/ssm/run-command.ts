import { randomUUID } from 'node:crypto';

import { fail, refuse } from '../api/errors';
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

type Parameters = Readonly<Record<string, readonly string[]>>;
type Input = {
  DocumentName: string;
  Targets?: { Key: string; Values: string[] }[];
  InstanceIds?: string[];
  Parameters?: Parameters;
};
type Filters = { readonly Filters: readonly { readonly Key: string; readonly Values: readonly string[] }[] };
type Asked = { readonly Name: string; readonly DocumentFormat?: string };
type Deps = { readonly delayMs: number; readonly timers: Timers; readonly say: Say; readonly isOn: () => boolean };
type State = Deps & {
  readonly documents: readonly Document[];
  readonly instances: readonly ManagedInstance[];
  readonly commands: Command[];
  readonly held: (() => void)[];
};

/** Run Command: carries the packaged document to the instances that a tag names (AWS: SendCommand). */
export function runCommand(documents: readonly Document[], instances: readonly ManagedInstance[], deps: Deps) {
  const state: State = { ...deps, documents, instances, commands: [], held: [] };
  return {
    commands: state.commands,
    release: (): void => {
      for (const run of state.held.splice(0)) run();
    },
    handlers: {
      'ssm:SendCommand': (input: Input) => send(state, input),
      // A name is filtered by how it begins (AWS: DocumentKeyValuesFilter). The later in the list, the newer.
      'ssm:ListDocuments': ({ Filters }: Filters) => ({
        DocumentIdentifiers: documents.flatMap(({ Name }, CreatedDate) =>
          Filters.every(({ Key, Values }) => Key !== 'Name' || Values.some((start) => Name.startsWith(start)))
            ? [{ Name, CreatedDate }]
            : [],
        ),
      }),
      'ssm:GetDocument': ({ Name, DocumentFormat = 'JSON' }: Asked) => {
        const Content = JSON.stringify(named(documents, Name).Content, undefined, 2);
        return { Name, DocumentFormat, DocumentVersion: '1', Status: 'Active', Content };
      },
    },
  };
}

const named = (documents: readonly Document[], name: string): Document =>
  documents.find(({ Name }) => name === Name || name.endsWith(`:document/${Name}`)) ??
  refuse('InvalidDocument', `Document with name ${name} does not exist.`);

function send(state: State, { DocumentName, Targets = [], InstanceIds = [], Parameters = {} }: Input) {
  const document = named(state.documents, DocumentName);
  // 64 KB for the document and its parameters together (AWS: CreateDocument, Content).
  const bytes = Buffer.byteLength(JSON.stringify([document.Content, Parameters]));
  if (bytes > 65_536) refuse('MaxDocumentSizeExceeded', 'The size limit of a document is 64 KB.');
  const script = filled(document, Parameters);
  const command: Command = { id: randomUUID(), at: Date.now(), parameters: Parameters, invocations: new Map() };
  state.commands.push(command);
  for (const instance of state.instances.filter((each) => isTarget({ InstanceIds, Targets }, each))) {
    command.invocations.set(instance.id, undefined);
    deliver(state, async () => {
      state.say('command', `Run Command reaches ${instance.id}: ${JSON.stringify(Parameters)}`);
      command.invocations.set(instance.id, await instance.run(script));
    });
  }
  const asked = { DocumentName, Parameters, Targets, InstanceIds };
  return { Command: { CommandId: command.id, ...asked, Status: 'Pending', RequestedDateTime: command.at / 1000 } };
}

/** ASSUMED: a command waits during an outage and is not lost, because its delivery timeout is an hour by default. */
const deliver = (state: State, run: () => unknown): void =>
  state.timers.after(state.delayMs, () => (state.isOn() ? run() : state.held.push(() => deliver(state, run))));

/** `{{ Name }}` is pasted in as it is, so the allowed pattern is what keeps a script a script (AWS: SSM documents). */
export function filled({ Name, Content: { parameters, mainSteps } }: Document, given: Parameters): Script {
  const [step] = mainSteps;
  if (step?.action !== 'aws:runShellScript' || mainSteps.length > 1)
    return fail(`document ${Name}: the local world plays exactly one aws:runShellScript`);
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
