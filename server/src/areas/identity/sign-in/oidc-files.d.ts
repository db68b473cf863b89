/**
 * Files of `oidc-provider` that are imported one by one, with the types of the package. Its entry file does
 * nothing but complain about Node 20 on the console and hand them on (decision 0015).
 */
declare module 'oidc-provider/lib/provider.js' {
  import library = require('oidc-provider');

  export import Provider = library.Provider;
}

declare module 'oidc-provider/lib/helpers/errors.js' {
  import { errors } from 'oidc-provider';

  export import InvalidGrant = errors.InvalidGrant;
  export import InvalidTarget = errors.InvalidTarget;
  export import OIDCProviderError = errors.OIDCProviderError;
}

declare module 'oidc-provider/lib/helpers/interaction_policy/index.js' {
  import { interactionPolicy } from 'oidc-provider';

  export import base = interactionPolicy.base;
  export import Check = interactionPolicy.Check;
  export import Prompt = interactionPolicy.Prompt;
}
