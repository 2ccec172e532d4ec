using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using Action = GovChain.Protos.V1.TransactionBody.ActionOneofCase;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <content>What departments' nodes say themselves, also while they are suspended.</content>
internal sealed partial class RuleInvariants
{
    /// <summary>What a department may do wrong and have on the ledger.</summary>
    private const int OffencesMax = 64;

    private void Say(TransactionBody body, string department)
    {
        if (_suspendedBefore.Contains(department))
            BySuspended.Add(body.ActionCase);
        switch (body.ActionCase)
        {
            case Action.PostReadRoot:
                PostReadRoot(body.PostReadRoot, department);
                return;
            case Action.Accuse:
                Accuse(new EvidenceReading(body.Accuse.Evidence.Span));
                return;
            default:
                SuspendLeader(body.SuspendLeader);
                return;
        }
    }

    private void PostReadRoot(PostReadRoot root, string department)
    {
        (ulong roots, ulong covered, ulong timeMs) = shadow.ReadRoots.GetValueOrDefault(department);
        Hold(root.Number == roots + 1, "roots of read logs are consecutive");
        Hold(root.FirstEntry == 1 || root.FirstEntry == covered + 1, "a read log goes on where it was, or begins anew");
        Hold(roots == 0 || _timeMs >= timeMs + 3_600_000, "an hour lies between two roots");
        shadow.ReadRoots[department] = (root.Number, root.LastEntry, _timeMs);
    }

    private void Accuse(EvidenceReading evidence)
    {
        Hold(evidence.Proves && evidence.ChainId.SequenceEqual(chainId.Span), "evidence is of two votes on this ledger of which an honest validator signs one");
        Hold(Obstacle(evidence) is null, "a validator of that height is accused, once for an offence");
        string department = shadow.Keys[evidence.Signer].Department;
        if (!shadow.Offences.TryGetValue(department, out List<(OffenceShadow, ulong)>? offences))
            shadow.Offences[department] = offences = [];
        offences.Add((evidence.Offence, _position));
    }

    /// <summary>What stands against an accusation; whose key it was is asked of the state before the block.</summary>
    private RejectionCode? Obstacle(EvidenceReading evidence)
    {
        if (!shadow.Keys.TryGetValue(evidence.Signer, out KeyLife? accused) || accused.Officer is not null || accused.First > _height
            || evidence.Height < accused.First || (accused.Last is { } last && last < _height && evidence.Height > last))
            return RejectionCode.InvalidProof;
        List<(OffenceShadow Offence, ulong)> offences = shadow.Offences.GetValueOrDefault(accused.Department) ?? [];
        return offences.Count >= OffencesMax || offences.Any(o => o.Offence == evidence.Offence) ? RejectionCode.AlreadyProven : null;
    }

    private void SuspendLeader(SuspendLeader action)
    {
        Hold(Obstacle(action) is null, "a quorum left a leader of the last heights, who was not suspended for it, and at most f are at a time");
        shadow.Leaders.Suspensions.Add(new LeaderSuspension
        {
            Department = Blamed(action),
            FirstHeight = _height + 1,
            LastHeight = _height + _parametersBefore.SuspensionHeights,
            BlamedHeight = action.Height,
            BlamedView = action.View,
            Position = _position,
        });
        Hold(_votersBefore.Count(d => shadow.Leaders.IsSuspended(d, _height + 1)) <= (_votersBefore.Count - 1) / 3, "at most f leaders are suspended");
    }

    private RejectionCode? Obstacle(SuspendLeader action)
    {
        if (action.Epoch != _epochBefore || shadow.Leaders.Led(action.Height) is null)
            return RejectionCode.ProofOutOfRange;
        string?[] left = [.. action.ViewChanges.Select(c => DepartmentThatVotes(c.Signer))];
        if (left.Length != _quorumBefore || left.Contains(null) || !left.SequenceEqual(left.Distinct().Order(StringComparer.Ordinal)))
            return RejectionCode.InvalidProof;
        string blamed = Blamed(action);
        if (shadow.Leaders.Suspensions.Any(s => s.Department == blamed && s.FirstHeight > action.Height))
            return RejectionCode.AlreadySuspended;
        return _votersBefore.Count(d => shadow.Leaders.IsSuspended(d, _height + 1)) < (_votersBefore.Count - 1) / 3 ? null : RejectionCode.TooManySuspended;
    }

    private string Blamed(SuspendLeader action)
    {
        string[] turns = shadow.Leaders.Led(action.Height)!;
        return turns[action.View % turns.Length];
    }

    /// <summary>Whose validator key it is in this block; null for nobody's.</summary>
    private string? DepartmentThatVotes(ByteString key) =>
        shadow.Keys.TryGetValue(RuleShadow.KeyOf(key.Span), out KeyLife? life) && life.Officer is null && life.Signs(_height, _timeMs) ? life.Department : null;

    /// <summary>The signatures that an action carries beside the envelope's.</summary>
    private static IEnumerable<ByteString> Signatures(TransactionBody body) => body.ActionCase switch
    {
        Action.Accuse => new[] { 0, 1 }.Select(i => ByteString.CopyFrom(new EvidenceReading(body.Accuse.Evidence.Span).Signature(i))),
        Action.SuspendLeader => body.SuspendLeader.ViewChanges.Select(static c => c.Signature),
        Action.Propose => new[] { body.Propose.NewKeySignature }.Where(static s => !s.IsEmpty),
        Action.ChangeMembership => body.ChangeMembership.Approvals.Select(static a => a.Signature).Append(body.ChangeMembership.NewKeySignature).Where(static s => !s.IsEmpty),
        _ => [],
    };
}
