using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Transaction = GovChain.Core.Model.Transaction;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Has the administrators change the validators now and then: the last department comes and goes, keys are replaced. Two
/// changes for one epoch may be under way at a time; one of them wins.
/// </summary>
internal sealed class MembershipDirector(Stage stage)
{
    private const ulong ExpiryMs = 24 * 60 * 60_000;

    private readonly HashSet<int> _replaced = [];
    private bool _stopped;

    /// <summary>Begins.</summary>
    public void Start() => stage.After(200_000, Propose);

    /// <summary>No new changes.</summary>
    public void Stop() => _stopped = true;

    private void Propose()
    {
        if (_stopped)
            return;
        Prng rng = stage.Rng;
        if (Next() is { } change)
        {
            stage.Invariants.Submitted[change.Id] = Fate.MayCommit;
            stage.Chart?.Note($"proposed: {change.Body.ChangeMembership.Change}");
            // To some, or to all: whoever gets it tells the others.
            int told = rng.Chance(500) ? stage.Nodes.Count : 1;
            int first = rng.Below(stage.Nodes.Count);
            for (int i = 0; i < told; i++)
                stage.Nodes[(first + i) % stage.Nodes.Count].Submit(change);
        }
        stage.After((ulong)rng.Between(100, 900) * 1_000, Propose);
    }

    private Transaction? Next()
    {
        ValidatorHistory history = stage.Invariants.History;
        int last = stage.Scenario.Validators - 1;
        string lastName = stage.Keys.Set[last].Department;
        bool acts = history.Acting.IndexOf(lastName) >= 0;
        bool came = history.Changes.Any(c => c.Department == lastName);
        if ((acts || !came) && stage.Rng.Chance(600))
            return acts ? Build(Remove(last), last) : Build(Admit(last), last);
        int replaced = stage.Rng.Below(history.Acting.Count);
        return _replaced.Add(replaced) ? Build(Replace(replaced), replaced) : null;

        Transaction Build(MembershipChange change, int subject)
        {
            change.Epoch = history.Epoch;
            change.ExpiresAtMs = stage.UtcMs + ExpiryMs;
            int needed = history.Acting.QuorumSize;
            // The last one's officers are enrolled from the block after its admission on only.
            IEnumerable<int> approvers = Enumerable.Range(0, stage.Scenario.Founders).Take(needed);
            return stage.Chain.Change(change, subject, approvers, stage.UtcMs);
        }
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
