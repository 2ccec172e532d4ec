using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Execution.Walk;

/// <content>What departments' nodes say themselves.</content>
internal sealed partial class RandomActions
{
    private (PublicKey?, TransactionBody) PostReadRoot()
    {
        string department = AnyDepartment();
        (ulong roots, ulong covered, _) = shadow.ReadRoots.GetValueOrDefault(department);
        ulong first = Rarely(8) ? 1 + (ulong)random.Next(6) : Rarely(5) ? 1 : covered + 1;
        return (shadow.ValidatorOf(department), Actions.PostReadRoot(Version(roots) + 1, first, first + (ulong)random.Next(3)));
    }

    /// <summary>Evidence of every kind, against a validator of any time; now and then against somebody else, twice, or none.</summary>
    private (PublicKey?, TransactionBody) Accuse()
    {
        PublicKey[] validators = [.. shadow.Keys.Where(static k => k.Value.Officer is null).Select(static k => k.Key)];
        PublicKey accused = Rarely(10) ? AnyKey() : accuses && Rarely(2) ? validators[0] : Pick(validators);
        ulong epoch = Rarely(6) ? (ulong)random.Next(4) : shadow.Epoch, height = Rarely(10) ? ulong.MaxValue - 1 : 1 + (ulong)random.Next((int)_height + 4);
        (uint view, int type) = ((uint)random.Next(3), 1 + random.Next(6));
        (SignedVote first, SignedVote second) = type < 5
            ? (Vote((VoteType)type, view, prepared: -1), Vote((VoteType)type, view, prepared: -1))
            : (Vote(VoteType.Commit, view, prepared: -1), Vote(VoteType.ViewChange, view + 1 + (uint)random.Next(2), random.Next(-1, (int)view + 1)));
        byte[] evidence = (Evidence.Of(chainId, accused, first, second) ?? Evidence.Of(chainId, accused, first, first with { BlockHash = Sha256.Hash("another"u8) })!).ToBytes();
        if (Rarely(12))
            evidence[random.Next(evidence.Length)] ^= (byte)(1 << random.Next(8));
        return (shadow.ValidatorOf(AnyDepartment()), new TransactionBody { Accuse = new Accuse { Evidence = ByteString.CopyFrom(evidence) } });

        SignedVote Vote(VoteType voteType, uint voteView, long prepared)
        {
            _ = Signature.TryParse(Carried().Span, out Signature signature);
            return new SignedVote(voteType, epoch, height, voteView, Sha256.Hash([(byte)random.Next(8)]), prepared, signature);
        }
    }

    /// <summary>A quorum's view changes against a leader of the last heights; now and then for what one was suspended for, by too few, too many, others, one twice or in disorder.</summary>
    private (PublicKey?, TransactionBody) SuspendLeader()
    {
        ulong back = Rarely(8) ? (ulong)random.Next(80) : (ulong)random.Next(4);
        var action = new SuspendLeader
        {
            Epoch = Rarely(12) ? shadow.Epoch + 1 : shadow.Epoch,
            Height = Math.Max(1, _height - Math.Min(_height, back)),
            View = (uint)random.Next(6),
        };
        if (shadow.Leaders.Suspensions is [.., { } last] && Rarely(4))
            (action.Height, action.View) = (last.BlamedHeight, last.BlamedView);
        List<PublicKey> signers = [.. shadow.Voters.OrderBy(_ => random.Next()).Take(shadow.Quorum + (Rarely(15) ? 1 : 0) - (Rarely(15) ? 1 : 0))
            .Order(StringComparer.Ordinal).Select(shadow.ValidatorOf).OfType<PublicKey>()];
        if (signers.Count > 0 && Rarely(10))
            signers[random.Next(signers.Count)] = AnyKey();
        if (Rarely(15))
            signers.Reverse();
        if (signers.Count > 1 && Rarely(15))
            signers[1] = signers[0];
        action.ViewChanges.Add(signers.Select(k => new SignedViewChange { Signer = ByteString.CopyFrom(k.Span), Signature = Carried() }));
        return (shadow.ValidatorOf(AnyDepartment()), new TransactionBody { SuspendLeader = action });
    }

    /// <summary>A signature that an action carries.</summary>
    private ByteString Carried() => Rarely(60) ? FormVerifier.Wrong : FormVerifier.Right;
}
