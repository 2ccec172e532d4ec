using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Execution;

/// <summary>Changes of the validators of a <see cref="TestLedger"/>, with real signatures.</summary>
internal static class MembershipChanges
{
    public const ulong ExpiresAtMs = TestLedger.StartMs + 60 * 60_000;

    public static MembershipChange Admit(string id, TestKey validator, TestKey administrator, ulong epoch = 0) => new()
    {
        Kind = (uint)MembershipKind.Admit,
        Epoch = epoch,
        ExpiresAtMs = ExpiresAtMs,
        Department = id,
        ValidatorKey = ByteString.CopyFrom(validator.Public.Span),
        Names = { new LocalizedText { Language = "en", Text = id } },
        Endpoint = $"{id}.example:7001",
        Administrators =
        {
            new FirstAdministrator { OfficerId = "admin", PublicKey = ByteString.CopyFrom(administrator.Public.Span) },
        },
    };

    public static MembershipChange Remove(string id, ulong epoch = 0) => new()
    {
        Kind = (uint)MembershipKind.Remove,
        Epoch = epoch,
        ExpiresAtMs = ExpiresAtMs,
        Department = id,
    };

    public static MembershipChange Replace(string id, TestKey key, ulong epoch = 0) => new()
    {
        Kind = (uint)MembershipKind.ReplaceKey,
        Epoch = epoch,
        ExpiresAtMs = ExpiresAtMs,
        Department = id,
        ValidatorKey = ByteString.CopyFrom(key.Public.Span),
    };

    /// <summary>The action, approved by these and signed by the key that is to vote, if one is.</summary>
    public static TransactionBody Approve(Digest chainId, MembershipChange change, TestKey? newKey, params TestKey[] approvers)
    {
        Digest digest = MembershipFields.SigningDigest(change, chainId);
        var action = new ChangeMembership { Change = change };
        foreach (TestKey approver in approvers.OrderBy(static a => a.Public))
        {
            action.Approvals.Add(new MembershipApproval
            {
                Signer = ByteString.CopyFrom(approver.Public.Span),
                Signature = ByteString.CopyFrom(approver.Sign(digest).Span),
            });
        }
        if (newKey is not null)
            action.NewKeySignature = ByteString.CopyFrom(newKey.Sign(digest).Span);
        return new TransactionBody { ChangeMembership = action };
    }
}
