/** An error as AWS answers it: SDK clients show `code` as the error's name. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

export const refuse = (code: string, message: string, status?: number): never => {
  throw new AwsError(code, message, status);
};

/** @throws Error, when a test or the demo asks for what is not played. */
export const fail = (message: string): never => {
  throw new Error(message);
};

/** `cut` closes the connection without an answer; `body` is sent instead of the answer. */
export type Fault =
  | 'throttled'
  | 'failing'
  | 'denied'
  | 'cut'
  | { readonly lateMs: number }
  | { readonly body: string };

/** Throttling is HTTP 400, but 503 at EC2 (AWS: Common errors; EC2 API error codes), and Route 53 has its own words. */
export function faultError(fault: Extract<Fault, string>, role: string, action: string): AwsError {
  if (fault === 'denied') return denied(role, action);
  if (fault === 'failing') return new AwsError('InternalServerError', 'The service has an error.', 500);
  if (fault === 'cut') return new AwsError('cut', 'the connection was cut');
  if (action.startsWith('ec2:')) return new AwsError('RequestLimitExceeded', 'Request limit exceeded.', 503);
  return new AwsError(action.startsWith('route53:') ? 'Throttling' : 'ThrottlingException', 'Rate exceeded');
}

/** Words a refusal as AWS does where no statement allows the action (AWS: IAM, access denied error messages). */
export function denied(role: string, action: string, resource = '*'): AwsError {
  const refusal = `User: arn:aws:sts::123456789012:assumed-role/${role}/local is not authorized to perform: ${action}`;
  const reason = `because no identity-based policy allows the ${action} action`;
  if (action.startsWith('ec2:')) {
    const words = `You are not authorized to perform this operation. ${refusal} ${reason}`;
    return new AwsError('UnauthorizedOperation', words, 403);
  }
  const words = `${refusal} on resource: ${resource} ${reason}`;
  if (/^(route53|autoscaling|cloudwatch):/.test(action)) return new AwsError('AccessDenied', words, 403);
  return new AwsError('AccessDeniedException', words);
}
