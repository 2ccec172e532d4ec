using Google.Protobuf.Collections;
using GovChain.Core.Cryptography;
using GovChain.Protos.V1;

namespace GovChain.Core.Model;

/// <summary>
/// The signatures that an action carries beside the envelope's own, such as votes that prove something. The action names
/// the key with each, so they are verified where envelopes are, once, and execution only asks whose keys they are.
/// </summary>
internal static class CarriedSignatures
{
    /// <summary>The checks of a body that obeys <see cref="ActionRules"/>; none for most actions.</summary>
    public static SignatureCheck[] Of(TransactionBody body, Digest chainId) => body.ActionCase switch
    {
        TransactionBody.ActionOneofCase.Accuse => Of(body.Accuse),
        TransactionBody.ActionOneofCase.SuspendLeader => Of(body.SuspendLeader, chainId),
        TransactionBody.ActionOneofCase.Propose => MembershipFields.Checks(body.Propose, chainId),
        TransactionBody.ActionOneofCase.ChangeMembership => MembershipFields.Checks(body.ChangeMembership, chainId),
        _ => [],
    };

    private static SignatureCheck[] Of(Accuse action) =>
        Evidence.TryRead(action.Evidence.Span)?.SignatureChecks
            ?? throw new InvalidOperationException("The rules let bytes through that are no evidence.");

    private static SignatureCheck[] Of(SuspendLeader action, Digest chainId)
    {
        RepeatedField<SignedViewChange> changes = action.ViewChanges;
        var checks = new SignatureCheck[changes.Count];
        for (int i = 0; i < checks.Length; i++)
        {
            SignedViewChange change = changes[i];
            Digest hash = change.Prepared == 0 ? Digest.Zero : new Digest(change.PreparedHash.Span);
            var vote = new Vote(
                VoteType.ViewChange, chainId, action.Epoch, action.Height, action.View + 1, hash, change.Prepared - 1L);
            if (!PublicKey.TryParse(change.Signer.Span, out PublicKey? signer)
                || !Signature.TryParse(change.Signature.Span, out Signature signature))
                throw new InvalidOperationException("The rules let a view change of another form through.");
            checks[i] = new SignatureCheck(signer, vote.SigningDigest(), signature);
        }
        return checks;
    }
}
