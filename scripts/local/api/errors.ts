/** An error as AWS would give it: `code` is what SDK clients show as the error's name. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** `cut` closes the connection without an answer; `slow` answers five seconds late; `body` is sent instead of the answer. */
export type Fault =
  | 'throttled'
  | 'failing'
  | 'denied'
  | 'slow'
  | 'cut'
  | { readonly lateMs: number }
  | { readonly body: string };

/** As AWS words it where no statement allows (AWS: IAM, access denied error messages). */
export const denied = (role: string, action: string, resource = '*') => {
  const refusal = `User: arn:aws:sts::123456789012:assumed-role/${role}/local is not authorized to perform: ${action}`;
  const reason = `because no identity-based policy allows the ${action} action`;
  if (/^(route53|autoscaling|cloudwatch):/.test(action))
    return new AwsError('AccessDenied', `${refusal} on resource: ${resource} ${reason}`, 403);
  return action.startsWith('ec2:')
    ? new AwsError(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation. ${refusal} ${reason}`,
        403,
      )
    : new AwsError('AccessDeniedException', `${refusal} on resource: ${resource} ${reason}`);
};

/** Throttling is HTTP 400, but 503 at EC2 (AWS: Common errors; EC2 API error codes), and Route 53 has its own words. */
export const faultError: Record<Extract<Exclude<Fault, 'slow'>, string>, (role: string, action: string) => Error> = {
  throttled: (_, action) => {
    if (action.startsWith('ec2:')) return new AwsError('RequestLimitExceeded', 'Request limit exceeded.', 503);
    return new AwsError(action.startsWith('route53:') ? 'Throttling' : 'ThrottlingException', 'Rate exceeded');
  },
  failing: () => new AwsError('InternalServerError', 'The service has an error.', 500),
  denied,
  cut: () => new AwsError('cut', 'the connection was cut'),
};
