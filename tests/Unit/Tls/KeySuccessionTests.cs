using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Tls;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Tls;

/// <summary>
/// Goal: a key that the ledger here does not name is let in, without a vote, where the departments that act here have certified it
/// for the next epoch, and nowhere else. Method: "land" has a new key; its certificate has a proof that is right in all but one respect.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class KeySuccessionTests : IDisposable
{
    private static readonly Digest Chain = Sha256.Hash("this ledger"u8);

    private readonly PlatformSigner _land = PlatformSigner.Create();
    private readonly PlatformSigner _tax = PlatformSigner.Create();
    private readonly PlatformSigner _later = PlatformSigner.Create();
    private readonly PlatformSigner _stranger = PlatformSigner.Create();
    private readonly PlatformSignatureVerifier _verifier = new();
    private readonly ValidatorSet _acting;
    private readonly ValidatorSet _next;
    private readonly PeerAuthenticator _authenticator;

    public KeySuccessionTests()
    {
        _acting = SetOf(_land, _tax);
        _next = SetOf(_later, _tax);
        _authenticator = Authenticator(new ValidatorHistory(_acting, null));
    }

    public void Dispose()
    {
        foreach (PlatformSigner signer in new[] { _land, _tax, _later, _stranger })
            signer.Dispose();
        _verifier.Dispose();
    }

    [Test]
    public void Judge_KeyThatTheDepartmentsHereCertifiedForTheNextEpoch_IsAwaited()
    {
        using NodeIdentity identity = Shows(Proof(Header()));
        PeerVerdict verdict = _authenticator.Judge(identity.Certificate);
        Assert.That((verdict.Department, verdict.IsAwaited, verdict.Refusal), Is.EqualTo(("land", true, (PeerRefusal?)null)));
        Assert.That(Authenticator(null).Judge(identity.Certificate).Refusal, Is.EqualTo(PeerRefusal.WrongKey), "by nobody's word");
    }

    [TestCase("nothing"), TestCase("another key"), TestCase("another department"), TestCase("another epoch"), TestCase("another ledger")]
    [TestCase("too few"), TestCase("strangers"), TestCase("prepared"), TestCase("another block"), TestCase("no change")]
    public void Judge_ProofThatIsWrongInOneRespect_IsRefused(string wrong)
    {
        BlockHeader header = Header();
        KeySuccession? proof = wrong switch
        {
            "nothing" => null,
            "another key" => Proof(Header(next: SetOf(_stranger, _tax))),
            "another department" => Proof(Header(next: SetOf(_land, _later))),
            "another epoch" => Proof(Header(epoch: 1)),
            "another ledger" => Proof(Header(chain: Sha256.Hash("another ledger"u8))),
            "too few" => Proof(header, signers: [_land]),
            "strangers" => Proof(header, signers: [_stranger, _stranger]),
            "prepared" => Proof(header, type: VoteType.Prepare),
            "another block" => new KeySuccession(new CertifiedBlock(header, Proof(Header(height: 8)).Block.Certificate)),
            _ => Proof(Header(next: _acting)),
        };
        using NodeIdentity identity = Shows(proof);
        Assert.That(_authenticator.Judge(identity.Certificate).Refusal, Is.EqualTo(PeerRefusal.WrongKey));
    }

    /// <summary>The proof is public: whoever has it needs the key as well.</summary>
    [Test]
    public void Judge_ProofShownUnderAnotherKey_IsRefused()
    {
        using var identity = NodeIdentity.Create(_stranger, Chain, "land", Proof(Header()));
        Assert.That(_authenticator.Judge(identity.Certificate).Refusal, Is.EqualTo(PeerRefusal.WrongKey));
    }

    [Test]
    public void TryDecode_GivesBackWhatWasEncoded_AndNothingForAnyOtherLengthOrVersion()
    {
        KeySuccession proof = Proof(Header());
        byte[] bytes = proof.ToExtension().RawData;
        KeySuccession? read = KeySuccession.TryDecode(bytes);
        Assert.That((read?.Block.Header.Hash, read?.Block.Certificate), Is.EqualTo((proof.Block.Header.Hash, proof.Block.Certificate)));
        for (int length = 0; length < bytes.Length; length++)
            Assert.That(KeySuccession.TryDecode(bytes.AsSpan(0, length)), Is.Null, $"{length} bytes");
        Assert.That(KeySuccession.TryDecode([.. bytes, 0]), Is.Null, "one byte too many");
        const int derHeader = 4;
        bytes[derHeader] = 2;
        Assert.That(KeySuccession.TryDecode(bytes), Is.Null, "another version");
    }

    private PeerAuthenticator Authenticator(ValidatorHistory? history) => new(
        Chain, id => _acting.IndexOf(id) is >= 0 and int index ? _acting[index].Key : null, _verifier, history: history);

    private NodeIdentity Shows(KeySuccession? proof) => NodeIdentity.Create(_later, Chain, "land", proof);

    private static ValidatorSet SetOf(ISigner land, ISigner tax) =>
        new([new Validator("land", land.PublicKey), new Validator("tax", tax.PublicKey)]);

    private BlockHeader Header(ValidatorSet? next = null, ulong epoch = 0, ulong height = 7, Digest? chain = null) => new()
    {
        ChainId = chain ?? Chain,
        Height = height,
        ParentHash = Sha256.Hash("parent"u8),
        Epoch = epoch,
        ValidatorSetHash = _acting.Hash,
        NextValidatorSetHash = (next ?? _next).Hash,
        TimestampMs = 1,
        Proposer = 0,
        LogSizeBefore = 1,
        LogSizeAfter = 2,
        LogRoot = Digest.Zero,
        StateRoot = Digest.Zero,
        ParametersHash = Digest.Zero,
    };

    /// <summary>Signed by the acting departments, unless others are named, in the order of the set.</summary>
    private KeySuccession Proof(BlockHeader header, ISigner[]? signers = null, VoteType type = VoteType.Commit)
    {
        Digest digest = new Vote(type, header.ChainId, header.Epoch, header.Height, 0, header.Hash).SigningDigest();
        return new KeySuccession(new CertifiedBlock(header, new Certificate(type, header.Epoch, header.Height, 0, header.Hash,
            [.. (signers ?? [_land, _tax]).Select((s, i) => new ValidatorSignature((ushort)i, s.Sign(digest)))])));
    }
}
