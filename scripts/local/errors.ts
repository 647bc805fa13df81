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

/** `cut` closes the connection without an answer; `slow` answers five seconds late. */
export type Fault = 'throttled' | 'failing' | 'denied' | 'slow' | 'cut';

export const denied = (role: string, action: string) =>
  new AwsError(
    action.startsWith('ec2:') ? 'UnauthorizedOperation' : 'AccessDeniedException',
    `User: arn:aws:sts::123456789012:assumed-role/${role}/local is not authorized to perform: ${action}`,
    action.startsWith('ec2:') ? 403 : 400,
  );

/** Throttling is HTTP 400, but 503 at EC2 (AWS: Common errors; EC2 API error codes). */
export const faultError: Record<Exclude<Fault, 'slow'>, (role: string, action: string) => Error> = {
  throttled: (_, action) =>
    action.startsWith('ec2:')
      ? new AwsError('RequestLimitExceeded', 'Request limit exceeded.', 503)
      : new AwsError('ThrottlingException', 'Rate exceeded'),
  failing: () => new AwsError('InternalServerError', 'The service has an error.', 500),
  denied,
  cut: () => new AwsError('cut', 'the connection was cut'),
};
