using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Core.Execution;

/// <summary>
/// The ledger's beginning, decoded and checked: everything that follows from the body's bytes alone
/// (docs/SPEC.md, "Genesis"). Immutable, safe from any thread.
/// </summary>
public sealed class Genesis
{
    /// <summary>The format version of genesis bodies.</summary>
    public const uint FormatVersion = 1;

    private Genesis(ReadOnlyMemory<byte> bytes, GenesisBody body)
    {
        Bytes = bytes;
        Body = body;
        ChainId = DomainTag.Hash(DomainTag.Genesis, bytes.Span);
        Leaf = (byte[])[.. DomainTag.GenesisLeaf, .. ChainId.Span];
        Validators = new ValidatorSet(body.Departments.Select(
            department => new Validator(department.Id, Key(department.ValidatorKey))));
        Block = Execute();
    }

    /// <summary>The serialised body, as it is hashed.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The parsed body. Not to be changed.</summary>
    public GenesisBody Body { get; }

    /// <summary>The genesis digest: SHA-256(genesis tag | body).</summary>
    public Digest ChainId { get; }

    /// <summary>Leaf 0 of the log, the only one that is no envelope: tag | chain id.</summary>
    public ReadOnlyMemory<byte> Leaf { get; }

    /// <summary>The departments that certify block 1.</summary>
    public ValidatorSet Validators { get; }

    /// <summary>Height 0: header, leaf 0 and the first state; without transactions and without a certificate.</summary>
    public ExecutedBlock Block { get; }

    /// <summary>What a department's validator key signs to found the ledger: SHA-256(tag | chain id).</summary>
    public Digest SigningDigest => DomainTag.Hash(DomainTag.GenesisSignature, ChainId.Span);

    /// <summary>
    /// Decodes a genesis body; null, with the reason, if it breaks the wire profile or a rule. The memory is kept and
    /// must not change.
    /// </summary>
    public static Genesis? TryDecode(ReadOnlyMemory<byte> bytes, out GenesisFailure? failure)
    {
        failure = null;
        if (WireProfile.Check<GenesisBody>(bytes.Span, Limits.GenesisBytesMax) is { } malformed)
        {
            failure = new GenesisFailure(GenesisFailureKind.MalformedBody, malformed.FieldPath, $"It has {malformed}.");
            return null;
        }
        GenesisBody body = GenesisBody.Parser.ParseFrom(bytes.Span);
        if (GenesisRules.Check(body) is { } violation)
        {
            failure = new GenesisFailure(GenesisFailureKind.InvalidField, violation.Field, violation.ToString());
            return null;
        }
        return new Genesis(bytes, body);
    }

    private ExecutedBlock Execute()
    {
        StateChange[] changes = InitialState();
        LogAppend log = LogAppend.Compute(LogFrontier.Empty, NothingStored.Instance, [LogHash.Leaf(Leaf.Span)]);
        StateUpdate state = StateRoots.Update(NothingStored.Instance, StateTree.EmptyRoot, changes);
        var header = new BlockHeader
        {
            ChainId = ChainId,
            Height = 0,
            ParentHash = Digest.Zero,
            Epoch = 0,
            ValidatorSetHash = Validators.Hash,
            NextValidatorSetHash = Validators.Hash,
            TimestampMs = Body.CreatedAtMs,
            Proposer = BlockHeader.NoProposer,
            LogSizeBefore = 0,
            LogSizeAfter = log.NewSize,
            LogRoot = log.NewRoot,
            StateRoot = state.NewRoot,
            ParametersHash = LedgerParameters.Hash(StateValue.Encode(StateKey.Parameters, Body.Parameters)),
        };
        return new ExecutedBlock(header, [], log, state, changes, []);
    }

    /// <summary>Parameters, leader state, protocol version, departments, their validator keys, administrators and those officers' keys.
    /// </summary>
    private StateChange[] InitialState()
    {
        var changes = new List<StateChange>();
        void Add(StateKey key, IMessage value) => changes.Add(new StateChange(key, StateValue.Encode(key, value)));

        Add(StateKey.Parameters, Body.Parameters);
        Add(StateKey.Leader, LeaderSchedule.Founded(Validators));
        if (Body.ProtocolVersion > ProtocolVersions.First) // the first version has no such value
            Add(StateKey.Protocol, new ProtocolState { Version = Body.ProtocolVersion });
        foreach (GenesisDepartment department in Body.Departments)
        {
            Add(StateKey.Department(department.Id), new DepartmentState
            {
                Id = department.Id,
                Names = { department.Names },
                ValidatorKey = department.ValidatorKey,
                Endpoint = department.Endpoint,
                Administrators = (uint)department.Administrators.Count,
            });
            Add(
                StateKey.OfficerKey(Key(department.ValidatorKey)),
                new OfficerKeyState
                {
                    PublicKey = department.ValidatorKey,
                    ValidatorIntervals = { new ValidatorInterval { Department = department.Id } },
                });
            foreach (GenesisOfficer officer in department.Administrators)
            {
                Add(StateKey.OfficerKey(Key(officer.PublicKey)), new OfficerKeyState
                {
                    PublicKey = officer.PublicKey,
                    Intervals =
                    {
                        new OfficerInterval
                        {
                            Department = department.Id,
                            OfficerId = officer.OfficerId,
                            Roles = { (uint)OfficerRole.Administrator },
                        },
                    },
                });
                Add(StateKey.Officer(department.Id, officer.OfficerId), new OfficerState
                {
                    Department = department.Id,
                    OfficerId = officer.OfficerId,
                    CurrentKey = officer.PublicKey,
                    Keys = 1,
                });
            }
        }
        return [.. changes.OrderBy(change => change.Key)];
    }

    private static PublicKey Key(ByteString bytes) => PublicKey.TryParse(bytes.Span, out PublicKey? key)
        ? key
        : throw new InvalidOperationException("The rules let an invalid key through.");

    /// <summary>Before the genesis block nothing is stored.</summary>
    private sealed class NothingStored : ITileReader, IStatePageReader
    {
        public static readonly NothingStored Instance = new();

        public ReadOnlyMemory<byte> GetTile(byte level, ulong index) =>
            throw new MissingTileException(new TileId(level, index));

        public ReadOnlyMemory<byte>? TryGetPage(StatePageId id) => null;
    }
}
