using System.Buffers.Binary;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.MembershipChanges;
using static GovChain.Tests.Unit.Membership.StateAnswers;

namespace GovChain.Tests.Unit.Membership;

/// <summary>
/// Goal: no answer of a node about the state is believed that the departments of its epoch did not certify. Method: a ledger
/// with an admission, and every part of an honest answer replaced by another's. Real signatures.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ProvenStateTest : IDisposable
{
    private static readonly Uri Node = new("https://node.example:1");
    private static readonly TestKey Gamma = new(500), GammaAdmin = new(501), Stranger = new(504);
    private static readonly StateKey Present = StateKey.OfficerKey(TestLedger.AlphaAdmin.Public), Absent = StateKey.OfficerKey(Stranger.Public);

    private readonly TestLedger _ledger = TestLedger.Ready();
    private readonly PlatformSignatureVerifier _verifier = new();
    private readonly GetStateProofResponse _before;

    public ProvenStateTest()
    {
        _before = Answer(Present);
        _ledger.Commit((TestLedger.AlphaAdmin, Approve(
            _ledger.Genesis.ChainId, Admit("gamma", Gamma, GammaAdmin), Gamma, TestLedger.AlphaAdmin, TestLedger.BetaAdmin)));
    }

    public void Dispose() => _verifier.Dispose();

    [Test]
    public void Take_AnHonestAnswer_IsReadAsTheLedgersOwn()
    {
        ProvenState state = Opened();
        foreach (StateKey key in new[] { Present, Absent, StateKey.Leader, StateKey.Membership, StateKey.Department("gamma") })
        {
            state.Take(Node, key, Answer(key));
            Assert.That(state.GetState(key)?.ToArray(), Is.EqualTo(_ledger.State.GetState(key)?.ToArray()), $"{key}");
        }
        Assert.That(state.GetState(Absent), Is.Null);
        Assert.That(state.Tip.Hash, Is.EqualTo(_ledger.State.Tip.Hash), "the block that ends the epoch, certified by those before");
        _ledger.Commit((TestLedger.AlphaAdmin, Actions.Define("other")));
        state.Take(Node, Present, Answer(Present));
        Assert.That((state.Tip.Height, state.Tip.Epoch), Is.EqualTo((3UL, 1UL)), "and the first that those after certified");
        Assert.That(() => state.GetState(StateKey.Department("beta")), Throws.InvalidOperationException, "nothing is guessed");
    }

    [Test]
    public void Take_AnAnswerThatIsNotProven_IsRefused()
    {
        GetStateProofResponse empty = Answer(Absent);
        foreach ((string what, StateKey key, Action<GetStateProofResponse> spoil) in new (string, StateKey, Action<GetStateProofResponse>)[]
        {
            ("no header", Present, a => a.Header = null),
            ("no proof", Present, a => a.Proof = null),
            ("another value", Present, a => a.Proof.Value = Answer(StateKey.OfficerKey(TestLedger.BetaAdmin.Public)).Proof.Value),
            ("a value concealed", Present, a => a.Proof.Value = ByteString.Empty),
            ("another's absence", Present, a => a.Proof = empty.Proof),
            ("a value made up", Absent, a => a.Proof.Value = Answer(Present).Proof.Value),
            ("a sibling cut", Present, a => a.Proof.Siblings[0] = a.Proof.Siblings[0].Memory[1..].ToArray() is var cut ? ByteString.CopyFrom(cut) : null!),
            ("siblings without end", Present, a => a.Proof.Siblings.AddRange(Enumerable.Repeat(a.Proof.Siblings[0], 257))),
            ("no certificate", Present, a => a.Header.Certificate = ByteString.Empty),
            ("certified by one alone", Present, a => a.Header.Certificate = Certify(_ledger.State.Tip, 0, (0, TestLedger.AlphaValidator))),
            ("certified by a stranger", Present, a => a.Header.Certificate = Certify(_ledger.State.Tip, 0, (0, TestLedger.AlphaValidator), (1, Stranger))),
            ("certified in the next epoch", Present, a => a.Header.Certificate = Certify(_ledger.State.Tip, 1, (0, TestLedger.AlphaValidator), (1, TestLedger.BetaValidator))),
            ("a header of one's own", Present, a => a.Header.Header = WithStateRoot(_ledger.State.Tip)),
        })
        {
            GetStateProofResponse answer = Answer(key);
            spoil(answer);
            LedgerClientException refusal = Assert.Throws<LedgerClientException>(() => Opened().Take(Node, key, answer), what)!;
            Assert.That(refusal.Reason, Is.EqualTo(LedgerClientException.UnprovenReason), what);
            Assert.That(refusal.Message, Does.Not.Contain(".."), what);
        }
    }

    [Test]
    public void Take_AHeaderOfAnotherHeightThanItsEpochHas_IsRefused_AlthoughThoseOfTheEpochCertifiedIt()
    {
        GetStateProofResponse end = Answer(Present);
        _ledger.Commit((TestLedger.AlphaAdmin, Actions.Define("other")));
        GetStateProofResponse next = Answer(Present);
        foreach ((GetStateProofResponse honest, ulong height) in new[] { (end, 1UL), (end, 3UL), (end, ulong.MaxValue), (next, 1UL), (next, 2UL) })
        {
            GetStateProofResponse answer = honest.Clone();
            BlockHeader forged = AtHeight(BlockHeader.TryRead(honest.Header.Header.Span)!, height);
            answer.Header = new CertifiedHeader
            {
                Header = ByteString.CopyFrom(forged.ToBytes()),
                Certificate = Certify(forged, forged.Epoch, (0, TestLedger.AlphaValidator), (1, TestLedger.BetaValidator)),
            };
            LedgerClientException refusal = Assert.Throws<LedgerClientException>(
                () => Opened().Take(Node, Present, answer), $"epoch {forged.Epoch}, height {height}")!;
            Assert.That(refusal.Reason, Is.EqualTo(LedgerClientException.UnprovenReason));
            Assert.That(refusal.Message, Does.Contain($"block {height} is none of epoch {forged.Epoch}"));
        }
    }

    [Test]
    public void Take_AnAnswerOfTheEpochBefore_IsToBeAskedForAgain() => Assert.That(
        Assert.Throws<LedgerClientException>(() => Opened().Take(Node, Present, _before))!.IsTransient, Is.True);

    [Test]
    public void Take_TheGenesisBlock_NeedsNoCertificate_AndIsNoOther()
    {
        var ledger = new TestLedger();
        var state = new ProvenState(ledger.Genesis, ValidatorHistory.Of(ledger.Genesis, ledger.State), _verifier);
        GetStateProofResponse answer = StateAnswers.Of(ledger, Present);
        state.Take(Node, Present, answer);
        Assert.That(state.Tip.Height, Is.Zero);
        byte[] other = ledger.State.Tip.ToBytes();
        other[^1] ^= 1; // of the parameters' hash: the path still leads to the state root
        answer.Header.Header = ByteString.CopyFrom(other);
        Assert.Throws<LedgerClientException>(() => state.Take(Node, Present, answer));
    }

    private ProvenState Opened() => new(_ledger.Genesis, ValidatorHistory.Of(_ledger.Genesis, _ledger.State), _verifier);

    private GetStateProofResponse Answer(StateKey key) => StateAnswers.Of(_ledger, key);

    /// <summary>The header with another height.</summary>
    private static BlockHeader AtHeight(BlockHeader header, ulong height)
    {
        byte[] bytes = header.ToBytes();
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(sizeof(ushort) + Digest.Size), height);
        return BlockHeader.TryRead(bytes)!;
    }

    /// <summary>The header with another state root.</summary>
    private static ByteString WithStateRoot(BlockHeader header)
    {
        byte[] bytes = header.ToBytes();
        int at = bytes.AsSpan().IndexOf(header.StateRoot.Span);
        bytes[at] ^= 1;
        return ByteString.CopyFrom(bytes);
    }
}
