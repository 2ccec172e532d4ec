using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Tests.Simulation;

/// <summary>Makes changes of the validators for the epoch that acts, approved by a quorum of the founders' administrators.
/// </summary>
internal sealed class MembershipMaker(Stage stage, ValidatorHistory history)
{
    private const ulong ExpiryMs = 24 * 60 * 60_000;

    public Transaction Make(MembershipKind kind, int subject)
    {
        MembershipChange change = kind switch
        {
            MembershipKind.Admit => Admit(subject),
            MembershipKind.Remove => Remove(subject),
            _ => Replace(subject),
        };
        change.Epoch = history.Epoch;
        change.ExpiresAtMs = stage.UtcMs + ExpiryMs;
        // The last one's officers are enrolled from the block after its admission on only.
        IEnumerable<int> approvers = Enumerable.Range(0, stage.Scenario.Founders).Take(history.Acting.QuorumSize);
        return stage.Chain.Change(change, subject, approvers, stage.UtcMs);
    }

    private MembershipChange Admit(int department) => new()
    {
        Kind = (uint)MembershipKind.Admit,
        Department = stage.Keys.Set[department].Department,
        ValidatorKey = ByteString.CopyFrom(stage.Keys.Set[department].Key.Span),
        Names = { new LocalizedText { Language = "en", Text = "Newcomer" } },
        Endpoint = "newcomer.example:7001",
        Administrators =
        {
            new FirstAdministrator { OfficerId = "admin", PublicKey = ByteString.CopyFrom(stage.Keys.Officer(department).Span) },
        },
    };

    private MembershipChange Remove(int department) => new()
    {
        Kind = (uint)MembershipKind.Remove,
        Department = stage.Keys.Set[department].Department,
    };

    private MembershipChange Replace(int department)
    {
        PublicKey key = stage.Keys.Replacement(department)
            ?? throw new InvalidOperationException("This run has no keys to replace others by.");
        return new MembershipChange
        {
            Kind = (uint)MembershipKind.ReplaceKey,
            Department = stage.Keys.Set[department].Department,
            ValidatorKey = ByteString.CopyFrom(key.Span),
        };
    }
}
