using CsCheck;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>docs/PROTOCOL.md, "Messages" and "Journal": one encoding each, and nothing else is read.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CodecTest
{
    private static readonly Fixture Four = new(4);

    private static IEnumerable<ConsensusMessage> Messages()
    {
        ProposedBlock block = Four.Block();
        Certificate prepared = Four.Certificate(VoteType.Prepare, block);
        var decided = new DecidedMessage(block.Header, Four.Certificate(VoteType.Commit, block));
        yield return Four.Propose(block, 0, 0);
        yield return Four.Propose(block, 1, 1, Four.Justification(1));
        yield return Four.Propose(block, 1, 1, Four.Justification(1, prepared));
        yield return Four.Vote(VoteType.Prepare, block.Hash, 3, 7, 9);
        yield return Four.Vote(VoteType.Commit, block.Hash, 3, uint.MaxValue, ulong.MaxValue);
        yield return Four.ViewChange(2, 1);
        yield return Four.ViewChange(2, 1, prepared);
        yield return decided;
        yield return new StatusMessage(3, null);
        yield return new StatusMessage(3, decided);
        yield return new StatusMessage(3, decided, new Abstention(AbstainReason.LedgerRestored, ulong.MaxValue));
        yield return new ProposalRequest(5, block.Hash);
        yield return new ProposalResponse(block);
        yield return new RecallRequest(ulong.MaxValue, 3);
        yield return new RecallResponse(4, null);
        yield return new RecallResponse(4, FindSigner.In(prepared, 2));
        yield return new RecallResponse(4, null, decided);
        yield return new EvidenceMessage(Evidence.Of(Fixture.ChainId, Four.Keys.Set[2].Key,
            FindSigner.In(prepared, 2)!.Value, FindSigner.In(Four.Certificate(VoteType.Prepare, Four.Block(salt: 9)), 2)!.Value)!);
        yield return new RecallResponse(4, FindSigner.In(prepared, 2), decided);
        ViewChangePayload change = Four.ViewChange(2, 1, prepared).Payload;
        yield return new RecallResponse(4, new SignedVote(
            VoteType.ViewChange, 0, 1, 1, change.PreparedHash, change.PreparedView, change.Signature));
    }

    private static IEnumerable<JournalRecord> Records()
    {
        ProposedBlock block = Four.Block();
        Certificate prepared = Four.Certificate(VoteType.Prepare, block);
        yield return new AcceptedRecord(Four.Propose(block, 0, 0), Four.Vote(VoteType.Prepare, block.Hash, 1));
        yield return new PreparedRecord(prepared, Four.Vote(VoteType.Commit, block.Hash, 1));
        yield return new PromisedRecord(Four.ViewChange(1, 1, prepared));
        yield return new StoredMark(5, block.Hash);
        yield return new StoredMark(5, block.Hash, new Abstention(AbstainReason.JournalMissing));
        yield return new StoredMark(5, block.Hash, new Abstention(AbstainReason.Amnesia, 9));
        yield return new RecallRecord(5, IsOver: true);
    }

    [TestCaseSource(nameof(Messages))]
    public void Message_RoundTrips_AndEveryOtherLengthIsRefused(ConsensusMessage message)
    {
        byte[] bytes = ConsensusMessageCodec.Encode(message);
        Assert.That(ConsensusMessageCodec.TryDecode(bytes, out ConsensusMessage? read), Is.EqualTo(DecodeFailure.None));
        Assert.That(ConsensusMessageCodec.Encode(read!), Is.EqualTo(bytes));
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.That(ConsensusMessageCodec.TryDecode(bytes.AsSpan(0, length), out _),
                Is.EqualTo(DecodeFailure.Malformed), $"{length} of {bytes.Length} bytes");
        }
        Assert.That(ConsensusMessageCodec.TryDecode([.. bytes, 0], out _), Is.EqualTo(DecodeFailure.Malformed));
    }

    [TestCaseSource(nameof(Messages))]
    public void Message_WithAnyByteChanged_IsRefusedOrIsAnotherMessageOfThoseBytes(ConsensusMessage message)
    {
        byte[] bytes = ConsensusMessageCodec.Encode(message);
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] changed = [.. bytes];
            changed[i] ^= 0x81;
            if (ConsensusMessageCodec.TryDecode(changed, out ConsensusMessage? read) == DecodeFailure.None)
                Assert.That(ConsensusMessageCodec.Encode(read!), Is.EqualTo(changed));
        }
    }

    [Test]
    public void Message_RandomBytes_NeverThrow() => Gen.Byte.Array[0, 600].Sample(bytes =>
    {
        ConsensusMessageCodec.TryDecode(bytes, out _);
        if (bytes.Length > 2)
        {
            bytes[0] = ConsensusMessageCodec.Version;
            bytes[1] = (byte)(bytes[1] % 11);
            ConsensusMessageCodec.TryDecode(bytes, out _);
            JournalCodec.TryDecode(bytes);
        }
    }, iter: 20_000);

    [Test]
    public void Message_OfAnotherVersionTypeOrSize_SaysWhich()
    {
        byte[] bytes = ConsensusMessageCodec.Encode(new StatusMessage(0, null));
        Assert.That(ConsensusMessageCodec.TryDecode([2, .. bytes[1..]], out _), Is.EqualTo(DecodeFailure.UnknownVersion));
        Assert.That(ConsensusMessageCodec.TryDecode([1, 99], out _), Is.EqualTo(DecodeFailure.UnknownType));
        Assert.That(ConsensusMessageCodec.TryDecode(new byte[ConsensusMessageCodec.MessageBytesMax + 1], out _),
            Is.EqualTo(DecodeFailure.TooLong));
    }

    [Test]
    public void Message_LargestProposal_FitsTheBound()
    {
        ProposedBlock block = Four.Block();
        var many = new ProposedBlock(block.Header, new Digest[Limits.BlockTransactionsCeiling]);
        Signature signature = Four.Vote(VoteType.Prepare, block.Hash, 0).Signature;
        ViewChangePayload[] payloads = [.. Enumerable.Range(0, Limits.ValidatorsMax)
            .Select(i => new ViewChangePayload((ushort)i, 0, block.Hash, signature))];
        var prepared = new Certificate(VoteType.Prepare, 0, 1, 0, block.Hash,
            [.. Enumerable.Range(0, Limits.ValidatorsMax).Select(i => new ValidatorSignature((ushort)i, signature))]);
        byte[] bytes = ConsensusMessageCodec.Encode(
            new ProposeMessage(1, 0, signature, many, new Justification(payloads, prepared)));
        Assert.That(bytes, Has.Length.EqualTo(ConsensusMessageCodec.MessageBytesMax));
        Assert.That(ConsensusMessageCodec.TryDecode(bytes, out _), Is.EqualTo(DecodeFailure.None));
    }

    [TestCaseSource(nameof(Records))]
    public void JournalRecord_RoundTrips_AndNothingShorterOrLongerIsRead(object record)
    {
        byte[] bytes = JournalCodec.Encode((JournalRecord)record);
        JournalRecord? read = JournalCodec.TryDecode(bytes);
        Assert.That(JournalCodec.Encode(read!), Is.EqualTo(bytes));
        for (int length = 0; length < bytes.Length; length++)
            Assert.That(JournalCodec.TryDecode(bytes.AsSpan(0, length)), Is.Null);
        Assert.That(JournalCodec.TryDecode([.. bytes, 0]), Is.Null);
    }
}
