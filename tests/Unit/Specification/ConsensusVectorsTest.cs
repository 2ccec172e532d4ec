using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Specification;

/// <summary>
/// Goal: whoever implements docs/SPEC.md anew has the bytes of headers, votes, evidence and certificates to compare with, and nobody changes a format by accident.
/// Method: the vectors in docs/vectors follow from fixed keys, nonces and times; a difference fails.
/// </summary>
public sealed class ConsensusVectorsTest
{
    private static readonly TestKey[] Validators = [.. Enumerable.Range(201, 4).Select(i => new TestKey(i))];

    [Test]
    public void ValidatorSets()
    {
        ValidatorSet set = Four();
        VectorFile.Hold("validator-set", new
        {
            members = set.Members.Select((m, i) => new { index = i, department = m.Department, key = m.Key.ToString() }),
            quorum = set.QuorumSize,
            hash = set.Hash.ToString(),
        });
    }

    [Test]
    public void Headers()
    {
        BlockHeader header = Header();
        VectorFile.Hold("header", new
        {
            chainId = header.ChainId.ToString(),
            height = header.Height,
            parentHash = header.ParentHash.ToString(),
            epoch = header.Epoch,
            validatorSetHash = header.ValidatorSetHash.ToString(),
            nextValidatorSetHash = header.NextValidatorSetHash.ToString(),
            timestampMs = header.TimestampMs,
            proposer = header.Proposer,
            logSizeBefore = header.LogSizeBefore,
            logSizeAfter = header.LogSizeAfter,
            logRoot = header.LogRoot.ToString(),
            stateRoot = header.StateRoot.ToString(),
            parametersHash = header.ParametersHash.ToString(),
            encoding = VectorFile.Hex(header.ToBytes()),
            hash = header.Hash.ToString(),
        });
    }

    [Test]
    public void Votes()
    {
        BlockHeader header = Header();
        Vote[] votes =
        [
            new(VoteType.Propose, header.ChainId, 3, 7, 0, header.Hash),
            new(VoteType.Prepare, header.ChainId, 3, 7, 0, header.Hash),
            new(VoteType.Commit, header.ChainId, 3, 7, 0, header.Hash),
            new(VoteType.ViewChange, header.ChainId, 3, 7, 1, Digest.Zero),
            new(VoteType.ViewChange, header.ChainId, 3, 7, 2, header.Hash, PreparedView: 0),
        ];
        VectorFile.Hold("vote", new
        {
            chainId = header.ChainId.ToString(),
            privateKey = Validators[0].PrivateHex,
            publicKey = Validators[0].Public.ToString(),
            votes = votes.Select(vote => new
            {
                type = (int)vote.Type,
                epoch = vote.Epoch,
                height = vote.Height,
                view = vote.View,
                blockHash = vote.BlockHash.ToString(),
                preparedView = vote.PreparedView,
                signBytes = VectorFile.Hex(vote.SignBytes()),
                digest = vote.SigningDigest().ToString(),
                signature = Validators[0].Sign(vote.SigningDigest()).ToString(),
            }),
        });
    }

    [Test]
    public void EvidenceAgainstAValidator()
    {
        BlockHeader header = Header();
        SignedVote Sign(VoteType type, uint view, Digest hash, long prepared = -1)
        {
            var vote = new Vote(type, header.ChainId, 3, 7, view, hash, prepared);
            return new SignedVote(type, 3, 7, view, hash, prepared, Validators[0].Sign(vote.SigningDigest()));
        }
        Digest other = Sha256.Hash("another block"u8);
        (string Name, SignedVote A, SignedVote B)[] pairs =
        [
            ("two proposals", Sign(VoteType.Propose, 0, header.Hash), Sign(VoteType.Propose, 0, other)),
            ("two prepares", Sign(VoteType.Prepare, 1, header.Hash), Sign(VoteType.Prepare, 1, other)),
            ("two commits", Sign(VoteType.Commit, 0, header.Hash), Sign(VoteType.Commit, 0, other)),
            ("two view changes", Sign(VoteType.ViewChange, 2, header.Hash, 0), Sign(VoteType.ViewChange, 2, header.Hash, 1)),
            ("commit, then nothing prepared", Sign(VoteType.Commit, 0, header.Hash), Sign(VoteType.ViewChange, 1, Digest.Zero)),
            ("commit, then another block of its view", Sign(VoteType.Commit, 1, header.Hash), Sign(VoteType.ViewChange, 4, other, 1)),
            ("one vote", Sign(VoteType.Commit, 0, header.Hash), Sign(VoteType.Commit, 0, header.Hash)),
            ("two views", Sign(VoteType.Commit, 0, header.Hash), Sign(VoteType.Commit, 1, other)),
            ("view change, then commit in its view", Sign(VoteType.ViewChange, 1, Digest.Zero), Sign(VoteType.Commit, 1, header.Hash)),
            ("commit, then named", Sign(VoteType.Commit, 1, header.Hash), Sign(VoteType.ViewChange, 4, header.Hash, 1)),
            ("commit, then a newer one named", Sign(VoteType.Commit, 1, header.Hash), Sign(VoteType.ViewChange, 4, other, 2)),
        ];
        object Describe(SignedVote v) => new
        {
            type = (int)v.Type,
            view = v.View,
            blockHash = v.BlockHash.ToString(),
            preparedView = v.PreparedView,
            signature = v.Signature.ToString(),
        };
        VectorFile.Hold("evidence", new
        {
            chainId = header.ChainId.ToString(),
            publicKey = Validators[0].Public.ToString(),
            epoch = 3,
            height = 7,
            pairs = pairs.Select(p =>
            {
                Evidence? evidence = Evidence.Of(header.ChainId, Validators[0].Public, p.A, p.B);
                return new
                {
                    name = p.Name,
                    votes = new[] { Describe(p.A), Describe(p.B) },
                    kind = (int?)evidence?.Kind,
                    evidence = evidence is null ? null : VectorFile.Hex(evidence.ToBytes()),
                    id = evidence?.Id.ToString(),
                };
            }),
        });
    }

    [Test]
    public void Certificates()
    {
        BlockHeader header = Header();
        var vote = new Vote(VoteType.Commit, header.ChainId, 3, 7, 1, header.Hash);
        ValidatorSignature[] signatures = [.. new[] { 0, 1, 3 }.Select(i =>
            new ValidatorSignature((ushort)i, Validators[i].Sign(vote.SigningDigest())))];
        var certificate = new Certificate(VoteType.Commit, 3, 7, 1, header.Hash, signatures);
        VectorFile.Hold("certificate", new
        {
            chainId = header.ChainId.ToString(),
            type = (int)certificate.Type,
            epoch = certificate.Epoch,
            height = certificate.Height,
            view = certificate.View,
            blockHash = certificate.BlockHash.ToString(),
            signatures = signatures.Select(s => new { validator = s.Validator, signature = s.Signature.ToString() }),
            encoding = VectorFile.Hex(certificate.ToBytes()),
        });
    }

    private static ValidatorSet Four() => new(
        new[] { "audit-office", "civil-affairs", "land-registry", "tax" }
            .Zip(Validators, (department, key) => new Validator(department, key.Public)));

    private static BlockHeader Header() => new()
    {
        ChainId = Sha256.Hash("chain"u8),
        Height = 7,
        ParentHash = Sha256.Hash("parent"u8),
        Epoch = 3,
        ValidatorSetHash = Four().Hash,
        NextValidatorSetHash = Four().Hash,
        TimestampMs = TestLedger.StartMs,
        Proposer = 2,
        LogSizeBefore = 1_000,
        LogSizeAfter = 1_234,
        LogRoot = Sha256.Hash("log"u8),
        StateRoot = Sha256.Hash("state"u8),
        ParametersHash = LedgerParameters.Hash(LedgerParameters.CreateDefault().ToByteArray()),
    };
}
