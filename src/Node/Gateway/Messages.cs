using Google.Protobuf;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Node.Gateway;

/// <summary>The rules' own types as messages to clients.</summary>
internal static class Messages
{
    /// <summary>A refusal.</summary>
    public static Protos.V1.Rejection Of(Core.Model.Rejection rejection)
    {
        var message = new Protos.V1.Rejection
        {
            Code = rejection.CodeName,
            Message = rejection.Message,
            Permanent = rejection.IsPermanent,
        };
        foreach ((string name, string value) in rejection.Facts)
            message.Facts[name] = value;
        return message;
    }

    /// <summary>A header with its certificate.</summary>
    public static CertifiedHeader Of(BlockHeader header, Certificate? certificate) => new()
    {
        Header = UnsafeByteOperations.UnsafeWrap(header.ToBytes()),
        Certificate = certificate is null
            ? ByteString.Empty
            : UnsafeByteOperations.UnsafeWrap(certificate.ToBytes()),
    };

    /// <summary>A path in the state tree.</summary>
    public static StateProof Of(StateKey key, StatePath path, ReadOnlyMemory<byte>? value)
    {
        var message = new StateProof
        {
            Key = ByteString.CopyFrom(key.TreeKey.Span),
            Value = value is { } bytes ? UnsafeByteOperations.UnsafeWrap(bytes) : ByteString.Empty,
        };
        foreach (ref readonly Core.Cryptography.Digest sibling in path.Siblings.Span)
            message.Siblings.Add(ByteString.CopyFrom(sibling.Span));
        if (path.Kind == StatePathKind.AbsenceOtherLeaf)
        {
            message.OtherLeafKey = ByteString.CopyFrom(path.OtherLeafKey.Span);
            message.OtherLeafValueDigest = ByteString.CopyFrom(path.OtherLeafValueDigest.Span);
        }
        return message;
    }

    /// <summary>Hashes, in order.</summary>
    public static IEnumerable<ByteString> Of(IEnumerable<Core.Cryptography.Digest> path) =>
        path.Select(static hash => ByteString.CopyFrom(hash.Span));
}
