using System.Net.Sockets;
using Grpc.Core;

namespace GovChain.Node.Peers;

/// <summary>Says in a sentence, for status and log, why a stream is not up.</summary>
internal static class PeerErrors
{
    public static string Describe(Exception exception)
    {
        if (exception is RpcException { StatusCode: not (StatusCode.Unavailable or StatusCode.Internal) } told)
        {
            return told.StatusCode switch
            {
                StatusCode.ResourceExhausted => "A frame is larger than either side accepts.",
                StatusCode.Cancelled => "The connection was closed.",
                _ => told.Status.Detail,
            };
        }
        Exception cause = exception is RpcException { Status.DebugException: { } debug } ? debug : exception;
        while (cause.InnerException is not null)
            cause = cause.InnerException;
        return cause switch
        {
            OperationCanceledException => "The connection was closed.",
            SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "Nothing listens there.",
            SocketException { SocketErrorCode: SocketError.ConnectionReset }
                or HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } =>
                "The other side closed the connection; if that repeats, its log says why.",
            RpcException rpc => rpc.Status.Detail,
            _ => cause.Message,
        };
    }
}
