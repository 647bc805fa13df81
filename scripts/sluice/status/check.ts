export type Check = {
  readonly ok: boolean;
  readonly what: string;
  readonly says: string;
  /** What to do, if it is not ok. */
  readonly next?: string;
};

export const fine = (what: string, says: string): Check => ({ ok: true, what, says });
export const wrong = (what: string, says: string, next: string): Check => ({ ok: false, what, says, next });

/** A check that cannot run is not ok, and stops no other. */
export async function looked(what: string, look: Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await look;
  } catch (error) {
    const { name, message } = error as Error;
    return [wrong(what, `check failed: ${name}: ${message.replace(/\s+/g, ' ')}`, advice(name))];
  }
}

const advice = (name: string): string => {
  if (/AccessDenied|UnauthorizedOperation|AuthorizationError/.test(name))
    return 'give your user the permissions in docs/status-policy.json';
  if (/Credentials|ExpiredToken|Token|Signature/.test(name))
    return 'sign in (`aws login`, `aws sso login` or `aws configure`), or name a profile in AWS_PROFILE';
  if (/NotExist|NotFound|InvalidDocument/.test(name)) return 'name the --stage and --region that you deployed';
  return 'try again; if it stays, check whether this machine reaches AWS';
};
