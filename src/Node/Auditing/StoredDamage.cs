using Google.Protobuf;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Storage;

namespace GovChain.Node.Auditing;

/// <summary>Which exceptions mean that stored bytes are not what was written.</summary>
internal static class StoredDamage
{
    /// <summary>True for what reading a ledger throws on damage.</summary>
    public static bool Is(Exception exception) => exception is StorageException { Error: StorageError.Damaged }
        or CorruptPageException or CorruptTileException or MissingTileException or CorruptStateException
        or InvalidProtocolBufferException or InvalidDataException;
}
