using System.Text;

namespace GovChain.Core.Model;

/// <summary>
/// An expected refusal: a code for programs, the facts behind it, and a sentence that says what happened and what
/// to do.
/// </summary>
/// <param name="Code">The stable code.</param>
/// <param name="Message">A sentence or two for a clerk.</param>
/// <param name="Facts">Names and values, for example expectedVersion and currentVersion.</param>
public sealed record Rejection(RejectionCode Code, string Message, params IReadOnlyList<(string Name, string Value)> Facts)
{
    /// <summary>The fact that says after how many milliseconds the same may be tried again, where a refusal knows it.</summary>
    public const string RetryAfterMs = "retryAfterMs";

    /// <summary>
    /// No later state of the ledger can make these bytes acceptable. Until then a transaction that other nodes hold
    /// may still commit, and its state is pending.
    /// </summary>
    public bool IsPermanent => Code is not (
        RejectionCode.ExpiryTooFar or RejectionCode.UnknownSigner or RejectionCode.SignerNotYetValid
        or RejectionCode.NotPermitted or RejectionCode.VersionAhead or RejectionCode.UnknownType
        or RejectionCode.InvalidPayload or RejectionCode.UnknownOfficer or RejectionCode.OfficerExists
        or RejectionCode.LastAdministrator or RejectionCode.ProofOutOfRange or RejectionCode.TooManySuspended
        or RejectionCode.UnknownRecord or RejectionCode.RecordNotInForce or RejectionCode.ApprovalRequired
        or RejectionCode.ApprovalPending or RejectionCode.UnknownSubmission or RejectionCode.SubmissionExpired
        or RejectionCode.UnknownDelegation or RejectionCode.UnknownProposal or RejectionCode.ProposalExpired
        or RejectionCode.ProposalOpen or RejectionCode.AlreadyVoted or RejectionCode.ParameterOutOfBounds
        or RejectionCode.UnknownReceiver or RejectionCode.ReceiverCannotRead
        or RejectionCode.NotActive or RejectionCode.PoolFull or RejectionCode.NodeNotReady or RejectionCode.RateExceeded
        or RejectionCode.DepartmentSuspended or RejectionCode.NotSuspended or RejectionCode.QuorumSuspended
        or RejectionCode.NotNextVersion or RejectionCode.NotScheduled or RejectionCode.ReadRootTooSoon);

    /// <summary>The code as it stands in interfaces: VERSION_CONFLICT.</summary>
    public string CodeName => NameOf(Code);

    /// <summary>The interface name of a code: VERSION_CONFLICT.</summary>
    public static string NameOf(RejectionCode code)
    {
        var name = new StringBuilder();
        foreach (char c in code.ToString())
        {
            if (char.IsAsciiLetterUpper(c) && name.Length > 0)
                name.Append('_');
            name.Append(char.ToUpperInvariant(c));
        }
        return name.ToString();
    }
}
