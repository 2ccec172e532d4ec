using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <content>What departments decide together.</content>
internal sealed partial class RandomActions
{
    private (PublicKey?, TransactionBody) Propose()
    {
        PublicKey? signer = Administrator(out _);
        MembershipChange change = Membership();
        return (signer, new TransactionBody { Propose = new Propose { Change = change, NewKeySignature = NewKeySignature(change) } });
    }

    private (PublicKey?, TransactionBody) Vote()
    {
        PublicKey? signer = Administrator(out _);
        if (shadow.Proposals.Count == 0)
            return (signer, Proposals.Withdraw(chainId));
        (string proposer, ProposalShadow proposal) = shadow.Proposals.Where(p => IsOpen(p.Value) || Rarely(10))
            .DefaultIfEmpty(shadow.Proposals.First()).OrderBy(_ => random.Next()).First();
        string[] left = [.. shadow.Voters.Where(d => !proposal.Votes.ContainsKey(d) && !shadow.Suspended.ContainsKey(d))];
        if (left.Length > 0 && !Rarely(4))
            signer = Holder(Pick(left), OfficerRole.Administrator);
        return Rarely(25)
            ? (Holder(proposer, OfficerRole.Administrator), Proposals.Withdraw(proposal.Id))
            : (signer, Proposals.Vote(proposer, proposal.Id, !Rarely(5)));
    }

    private bool IsOpen(ProposalShadow proposal) =>
        proposal.Status == ProposalStatus.Open && proposal.Change.Epoch == shadow.Epoch && _timeMs < proposal.Change.ExpiresAtMs;

    /// <summary>A change of the validators with as many approvals as make a quorum, or one too few.</summary>
    private (PublicKey?, TransactionBody) Approved()
    {
        MembershipChange change = Membership();
        var action = new ChangeMembership { Change = change, NewKeySignature = NewKeySignature(change) };
        IEnumerable<PublicKey> approvers = shadow.Voters.Where(d => !shadow.Suspended.ContainsKey(d) || Rarely(8)).Select(d => Holder(d, OfficerRole.Administrator)).OfType<PublicKey>().OrderBy(_ => random.Next())
            .Take(shadow.Quorum - (Rarely(4) ? 1 : 0)).Append(AnyKey()).Take(shadow.Quorum).Distinct().Order();
        action.Approvals.Add(approvers.Select(k => new MembershipApproval { Signer = ByteString.CopyFrom(k.Span), Signature = Carried() }));
        return (Administrator(out _), new TransactionBody { ChangeMembership = action });
    }

    private MembershipChange Membership()
    {
        ulong epoch = Rarely(10) ? (ulong)random.Next(3) : shadow.Epoch;
        string department = AnyDepartment();
        ulong expiresAtMs = Rarely(20) ? _timeMs : _timeMs + 1 + (ulong)random.Next(2_000_000);
        MembershipChange change = random.Next(20) switch
        {
            < 4 => MembershipChanges.Admit($"new-{random.Next(12)}", Nobody, Nobody, epoch),
            < 6 => MembershipChanges.Replace(department, Nobody, epoch),
            < 7 => Proposals.Move(department, "x.example:1", epoch),
            < 9 => Proposals.Set(RandomParameters(), epoch),
            < 16 => SuspensionOrRemoval(department, epoch),
            _ => (shadow.Protocol.Scheduled is not null ? random.Next(2) == 0 : Rarely(8))
                ? Proposals.CallOff(epoch)
                : Proposals.Schedule(Rarely(3) ? 2 + (uint)random.Next(3) : shadow.Protocol.Version + 1, epoch, expiresAtMs + (ulong)random.Next(Rarely(2) ? 100_000 : 2_000_000)),
        };
        change.ExpiresAtMs = expiresAtMs;
        if (!change.ValidatorKey.IsEmpty)
            change.ValidatorKey = ByteString.CopyFrom(FreshKey().Span);
        foreach (FirstAdministrator administrator in change.Administrators)
            administrator.PublicKey = ByteString.CopyFrom(FreshKey().Span);
        return change;
    }

    private MembershipChange SuspensionOrRemoval(string department, ulong epoch)
    {
        string[] suspended = [.. shadow.Voters.Where(shadow.Suspended.ContainsKey)];
        if (suspended.Length == 0 ? Rarely(8) : random.Next(3) > 0)
            return Proposals.LiftSuspension(suspended.Length == 0 || Rarely(8) ? department : Pick(suspended), epoch);
        return Rarely(3) ? MembershipChanges.Remove(department, epoch) : Proposals.Suspend(department, epoch);
    }

    private Parameters RandomParameters() => random.Next(3) switch
    {
        0 => new Parameters { LeaderBlocksMax = 1 + (uint)random.Next(8) },
        1 => new Parameters { SuspensionHeights = 1 + (uint)random.Next(60) },
        _ => new Parameters { ExpiryHorizonMs = shadow.Parameters.ExpiryHorizonMs + (ulong)random.Next(-1_000, 10_000) },
    };

    private ByteString NewKeySignature(MembershipChange change) => change.ValidatorKey.IsEmpty ? ByteString.Empty : Carried();
}
